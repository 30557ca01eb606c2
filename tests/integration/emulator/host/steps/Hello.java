// Compiled to Hello.class by: javac --release 8 Hello.java
public class Hello {
    public static void main(String[] words) throws Exception {
        System.out.println("hello " + String.join(",", words) + " " + System.getProperty("greeting"));
        if (words.length > 1 && words[0].equals("wait")) {
            Thread.sleep(Long.parseLong(words[1]));
        }
        if (words.length > 0 && words[0].equals("fail")) {
            throw new IllegalStateException("asked to fail");
        }
    }
}
