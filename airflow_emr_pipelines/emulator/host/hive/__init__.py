"""What makes a Hive script on Spark SQL mean what it means to Hive.

`classes.jar` is made of the folder `java` by a JDK, after a change there, with PySpark's jars::

    javac --release 8 -g:none -cp "$SPARK_HOME/jars/*" -d made $(find java -name '*.java')
    jar --create --file classes.jar -C made . -C java .
"""
