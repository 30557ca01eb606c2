"""Streaming jobs over files of HDFS, in this process; tests/integration/emulator runs them as steps over S3."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.host.shims import hadoop_streaming
from airflow_emr_pipelines.emulator.host.shims.aggregators import aggregate
from airflow_emr_pipelines.emulator.host.shims.map_reduce import Job, TaskFailed, reducer_of

WORDS = r"""#!/bin/sh
tr ' ' '\n' | sed 's/$/\t1/'
"""
COUNT = r"""#!/bin/sh
cut -f1 | uniq -c | awk '{print $2 "\t" $1}'
"""


@pytest.fixture
def hdfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster's HDFS with an input of two files, and programs beside it."""
    monkeypatch.setenv("AIRFLOW_EMR_HDFS", str(tmp_path / "hdfs"))
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "hdfs"
    for path, body in {
        "in/a.txt": b"the quick fox\r\nthe end",
        "in/b.txt.gz": gzip.compress(b"the fox\n"),
        "in/c.bz2": bz2.compress("ä end\n".encode()),
        "in/_hidden": b"never",
        "in/.too": b"never",
        "deep/below/d.txt": b"deep\n",
        "code/words.sh": WORDS.encode(),
        "code/count.sh": COUNT.encode(),
        "code/plain": b"cat\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    with zipfile.ZipFile(root / "code/tools.zip", "w") as tools:
        tools.writestr("numbered.sh", "sed 's/^/LongValueSum:/'")
    return root


def stream(
    *options: str, mapper: str = "cat", reducer: str = "cat", inputs: Sequence[str] = ("/in",), output: str = "/out"
) -> int:
    read = [word for place in inputs for word in ("-input", place)]
    return hadoop_streaming.main([*options, "-mapper", mapper, "-reducer", reducer, *read, "-output", output])


def written(hdfs: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((hdfs / "out").glob("*"))}


FILES = ("-files", "hdfs:///code/words.sh,hdfs:///code/count.sh#count")


@pytest.mark.parametrize("combiner", [[], ["-combiner", "sh -c 'cat'"]])
def test_keys_are_parted_and_ordered_as_hadoop_does(hdfs: Path, combiner: list[str]) -> None:
    done = stream("-D", "a.b=1", *FILES, *combiner, "-numReduceTasks", "3", mapper="words.sh", reducer="count")
    assert done == 0
    # Java's hash of the bytes of "the" is 144592, which leaves 1 when it is divided by three.
    assert reducer_of(b"the", 3) == 144592 % 3 == 1
    assert "the\t3\n" in written(hdfs)["part-00001"]
    lines = {name: body.splitlines() for name, body in written(hdfs).items()}
    assert sorted(line for part in lines.values() for line in part) == [
        "end\t2",
        "fox\t2",
        "quick\t1",
        "the\t3",
        "ä\t1",
    ]
    for name in ("part-00000", "part-00001", "part-00002"):
        keys = [line.split("\t")[0].encode() for line in lines.pop(name)]
        assert keys == sorted(keys)
        assert {f"part-{reducer_of(key, 3):05d}" for key in keys} <= {name}
    assert lines == {"_SUCCESS": []}


def test_a_bytes_sign_counts_in_its_hash() -> None:
    """31 + (0xC3 - 256) = -30, then 31 * -30 + (0xA4 - 256) = -1022, whose lowest 31 bits are 2147482626."""
    assert reducer_of("ä".encode(), 2**31) == 2147482626


def test_without_reducers_each_mapper_writes_a_file(hdfs: Path) -> None:
    """A line without a tab is a key without a value, which Hadoop writes with the tab between them."""
    assert stream(reducer="NONE", inputs=["/in/a.txt", "hdfs:///in/c.*"]) == 0
    assert written(hdfs) == {"_SUCCESS": "", "part-00000": "the quick fox\t\nthe end\t\n", "part-00001": "ä end\t\n"}


def test_hadoops_own_reducer_adds_up(hdfs: Path) -> None:
    options = ("-D", "mapred.textoutputformat.separator=,", "-files", "hdfs:///code/words.sh")
    archives = ("-archives", "hdfs:///code/tools.zip#tools")
    mapper = "sh -c './words.sh | sh tools/numbered.sh'"
    assert stream(*options, *archives, "-combiner", "cat", mapper=mapper, reducer="aggregate") == 0
    assert written(hdfs)["part-00000"].splitlines() == ["end,2", "fox,2", "quick,1", "the,3", "ä,1"]


def test_classes_that_pass_lines_on_need_no_java(hdfs: Path) -> None:
    library = "org.apache.hadoop.mapred.lib"
    done = stream(
        *("-libjars", "/x.jar", "-inputformat", "org.apache.hadoop.mapred.TextInputFormat"),
        mapper=f"{library}.IdentityMapper",
        reducer=f"{library}.IdentityReducer",
        inputs=["/in/{a,none}.t[x-z]t", "/in/a.txt"],
    )
    assert done == 0
    assert written(hdfs)["part-00000"] == "the end\t\nthe quick fox\t\n"


def test_folders_are_read_into_when_they_are_told_to_be(hdfs: Path) -> None:
    recursive = ("-D", "mapreduce.input.fileinputformat.input.dir.recursive=true")
    assert stream(*recursive, inputs=["/dee?"]) == 0
    assert written(hdfs)["part-00000"] == "deep\t\n"


def test_programs_know_their_task(hdfs: Path) -> None:
    told = "$mapreduce_map_input_file $mapreduce_task_partition $mapreduce_task_ismap $a_b $MOOD"
    options = ("-Da.b=1", "-cmdenv", "MOOD=calm")
    assert stream(*options, mapper=f"sh -c 'cat >&2; echo {told}'", reducer="NONE", inputs=["/in/a.txt"]) == 0
    assert written(hdfs)["part-00000"] == "/in/a.txt 0 true 1 calm\t\n"


def test_the_cluster_says_how_many_reducers_there_are(
    hdfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = "<property><name>mapreduce.job.reduces</name><value>2</value></property>"
    (tmp_path / "mapred-site.xml").write_text(f"<configuration>{site}</configuration>")
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    assert stream() == 0
    assert list(written(hdfs)) == ["_SUCCESS", "part-00000", "part-00001"]


def test_a_program_need_not_read_all(hdfs: Path) -> None:
    (hdfs / "in" / "long").write_bytes(b"line\n" * 100_000)
    assert stream(mapper="head -n 1", inputs=["/in/long"]) == 0
    assert written(hdfs)["part-00000"] == "line\t\n"


@pytest.mark.parametrize(
    ("options", "mapper", "told"),
    [
        ([], "sh -c 'exit 7'", "PipeMapRed.waitOutputThreads(): subprocess failed with code 7"),
        ([], "m.py", 'Cannot run program "m.py": error=2'),
        (["-files", "hdfs:///code/plain"], "plain", "error=8, Exec format error"),
        (["-files", "hdfs:///code/none.py"], "cat", "none.py does not exist"),
        (["-files", "/no/such/file"], "cat", "/no/such/file does not exist"),
        ([], "org.apache.hadoop.mapred.lib.RegexMapper", "no Java classes"),
        (["-inputformat", "org.example.Format"], "cat", "no Java classes"),
        (["-D", "stream.num.map.output.key.fields=2"], "cat", "stream.num.map.output.key.fields=2"),
        (["-D", "mapred.output.compress=true"], "cat", "mapred.output.compress=true"),
        (["-verbose", "-files", "hdfs:///code/plain"], "cat", "generic options come before all others"),
        (["-fancy"], "cat", "Unrecognized option: -fancy"),
        (["-numReduceTasks", "many"], "cat", "-numReduceTasks many"),
        (["-input", "/none"], "cat", "Input path does not exist: /none"),
        (["-input", "/non*"], "cat", "Input Pattern /non* matches 0 files"),
        (["-input", "/deep"], "cat", "Not a file: /deep/below"),
        (["-input", "ftp://x/y"], "cat", "ftp"),
        (["-reducer", "aggregate", "-combiner", "aggregate"], "cat", "names none of the aggregators"),
    ],
)
def test_what_cannot_be_run_says_why_and_writes_nothing(
    hdfs: Path, capfd: pytest.CaptureFixture[str], options: list[str], mapper: str, told: str
) -> None:
    assert (
        hadoop_streaming.main(
            [
                *options,
                "-mapper",
                mapper,
                *([] if "-reducer" in options else ["-reducer", "cat"]),
                "-input",
                "/in",
                "-output",
                "/out",
            ]
        )
        == 1
    )
    assert told in capfd.readouterr().err
    assert not (hdfs / "out").exists()


@pytest.mark.parametrize("option", ["-input", "-output", "-mapper"])
def test_what_is_lacking_is_named(capfd: pytest.CaptureFixture[str], option: str) -> None:
    words = {"-input": "/in", "-output": "/out", "-mapper": "cat"}
    del words[option]
    assert hadoop_streaming.main([word for pair in words.items() for word in pair]) == 1
    assert f"Missing required option: {option[1:]}" in capfd.readouterr().err
    assert hadoop_streaming.main([option]) == 1
    assert f"Missing argument for option: {option}" in capfd.readouterr().err


def test_a_reducer_that_fails_leaves_no_output(hdfs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert stream(reducer="sh -c 'cat; echo no room >&2; exit 3'") == 1
    said = capfd.readouterr().err
    assert "no room" in said
    assert "subprocess failed with code 3" in said
    assert not (hdfs / "out").exists()


@pytest.mark.parametrize("output", ["/in", "/in/", "/in/a.txt", "/code"])
def test_an_output_that_is_there_is_not_touched(hdfs: Path, capfd: pytest.CaptureFixture[str], output: str) -> None:
    before = sorted(hdfs.rglob("*"))
    assert stream(output=output) == 1
    assert "already exists" in capfd.readouterr().err
    assert sorted(hdfs.rglob("*")) == before


lines = st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=20)


@given(st.lists(lines, min_size=1, max_size=3), st.integers(1, 4))
def test_nothing_is_lost_and_all_of_a_key_comes_together(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[bytes]], reducers: int
) -> None:
    job = Job(tmp_path_factory.mktemp("job"), mapper=None, reducer=None, combiner=None, reducers=reducers)
    parts = [path.read_bytes() for path in job.run([("", lambda file=file: file) for file in files])]  # type: ignore[misc]
    pairs = [line.partition(b"\t")[::2] for file in files for line in file]
    assert sorted(b"".join(parts).split(b"\n")[:-1]) == sorted(key + b"\t" + value for key, value in pairs)
    found = [{line.partition(b"\t")[0] for line in part.split(b"\n")[:-1]} for part in parts]
    assert sum(map(len, found)) == len({key for key, _ in pairs})


def test_aggregators_are_named_by_the_keys() -> None:
    pairs = [
        (b"DoubleValueSum:d", b"0.5"),
        (b"DoubleValueSum:d", b"1"),
        (b"LongValueMax:m", b"3"),
        (b"LongValueMax:m", b"20"),
        (b"LongValueMin:n", b"3"),
        (b"StringValueMax:s", b"a"),
        (b"StringValueMax:s", b"b"),
        (b"StringValueMin:t", b"a"),
        (b"UniqValueCount:u", b"x"),
        (b"UniqValueCount:u", b"x"),
    ]
    assert list(aggregate(pairs)) == [
        (b"d", b"1.5"), (b"m", b"20"), (b"n", b"3"), (b"s", b"b"), (b"t", b"a"), (b"u", b"1"),
    ]  # fmt: skip
    with pytest.raises(TaskFailed, match="NumberFormatException"):
        list(aggregate([(b"LongValueSum:x", b"one")]))
