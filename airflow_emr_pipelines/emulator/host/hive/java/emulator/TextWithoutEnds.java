package emulator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.mapred.FileSplit;
import org.apache.hadoop.mapred.InputSplit;
import org.apache.hadoop.mapred.JobConf;
import org.apache.hadoop.mapred.RecordReader;
import org.apache.hadoop.mapred.Reporter;
import org.apache.hadoop.mapred.TextInputFormat;

/**
 * Files of text without their first and last lines, as Hive reads a table with skip.header.line.count and
 * skip.footer.line.count. How many these are stands in a file: a location and two numbers a line, the newest last.
 */
public class TextWithoutEnds extends TextInputFormat {
    @Override
    protected boolean isSplitable(FileSystem fs, Path file) {
        return false;
    }

    @Override
    public RecordReader<LongWritable, Text> getRecordReader(InputSplit split, JobConf job, Reporter reporter)
            throws IOException {
        int[] counts = countsOf(((FileSplit) split).getPath());
        return new Reader(super.getRecordReader(split, job, reporter), counts[0], counts[1]);
    }

    private static int[] countsOf(Path file) throws IOException {
        String name = below(file.toString());
        int longest = -1;
        int[] counts = null;
        for (String line : Files.readAllLines(Paths.get(System.getProperty("emulator.ends")), StandardCharsets.UTF_8)) {
            String[] parts = line.split("\t");
            String location = below(parts[0]);
            if (name.startsWith(location + "/") && location.length() >= longest) {
                longest = location.length();
                counts = new int[] {Integer.parseInt(parts[1]), Integer.parseInt(parts[2])};
            }
        }
        if (counts == null) {
            throw new IOException("skip.header.line.count: no table was read that " + file + " belongs to");
        }
        return counts;
    }

    /** A location without its scheme and the slashes at its end: s3:// and s3a:// are one place. */
    private static String below(String location) {
        return location.replaceFirst("^[A-Za-z0-9]+:/*", "").replaceFirst("/+$", "");
    }

    private static final class Reader implements RecordReader<LongWritable, Text> {
        private final RecordReader<LongWritable, Text> lines;
        private final int header;
        private final int footer;
        private final Deque<Text> held = new ArrayDeque<Text>();
        private boolean begun;

        Reader(RecordReader<LongWritable, Text> lines, int header, int footer) {
            this.lines = lines;
            this.header = header;
            this.footer = footer;
        }

        @Override
        public boolean next(LongWritable key, Text value) throws IOException {
            for (int skipped = 0; !begun && skipped < header; skipped++) {
                if (!lines.next(key, value)) {
                    break;
                }
            }
            begun = true;
            while (lines.next(key, value)) {
                if (footer == 0) {
                    return true;
                }
                held.add(new Text(value));
                if (held.size() > footer) {
                    value.set(held.remove());
                    return true;
                }
            }
            return false;
        }

        @Override
        public LongWritable createKey() {
            return lines.createKey();
        }

        @Override
        public Text createValue() {
            return lines.createValue();
        }

        @Override
        public long getPos() throws IOException {
            return lines.getPos();
        }

        @Override
        public float getProgress() throws IOException {
            return lines.getProgress();
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }
}
