"""spark-submit, spark-sql and spark-example: Spark in local mode in one JVM."""

from __future__ import annotations

import shutil
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from airflow_emr_pipelines.emulator.host import node_paths
from airflow_emr_pipelines.emulator.host.catalog.choice import Choice, Kind
from airflow_emr_pipelines.emulator.host.hive import script, view
from airflow_emr_pipelines.emulator.host.home import DRIVER_FOLDER, DRIVER_PROGRAM, DRIVER_PYTHON
from airflow_emr_pipelines.emulator.host.steps import spark_options
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node, split_words
from airflow_emr_pipelines.emulator.host.steps.spark_options import LocalSettings, SparkOptions

_SQL_CLASS = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"
_EXAMPLES = {"SparkPi": "pi.py"}
_EXAMPLE_PACKAGE = "org.apache.spark.examples."


def spark_submit(node: Node, words: Sequence[str]) -> Launch:
    """`spark-submit [options] application [arguments]`"""
    node.require("Spark", "spark-submit")
    options = _with_paths_here(spark_options.parse(words), node, (0,))
    node.check_addresses((*options.values.values(), *options.application))
    if options.application and node_paths.program_of_jar(options.application[0]) == node_paths.SPARK_EXAMPLES:
        return _example(node, options, options.values.get("--class", ""), options.application[1:])
    settings = _all_settings(node, options)
    return _launch(node, options, settings, options.application, in_cluster_mode(settings))


def _with_paths_here(options: SparkOptions, node: Node, read: Container[int]) -> SparkOptions:
    """The paths of a node exchanged in what Spark itself reads; the application gets its words as they are.

    :param read: which of the application's words name files that Spark opens
    """
    here = partial(node_paths.here, home=node.home)
    return replace(
        options,
        passed=tuple(map(here, options.passed)),
        values={option: here(value) for option, value in options.values.items()},
        application=tuple(here(word) if at in read else word for at, word in enumerate(options.application)),
        properties_file=None if options.properties_file is None else here(options.properties_file),
    )


def spark_sql(node: Node, words: Sequence[str]) -> Launch:
    """`spark-sql [options] -f script -d K=V`"""
    node.require("Spark", "spark-sql")
    return sql_program(node, words)


def sql_program(node: Node, words: Sequence[str], *, is_spark: bool = True) -> Launch:
    """Spark SQL's command line program, which speaks Hive's language and takes Hive's options.

    :param is_spark: whether it is for Spark's users; what it does for Hive's is not in Spark's history
    """
    options = spark_options.parse(words, mixed=True)
    # Hive's script is one that was made here.
    scripts = [at + 1 for at, word in enumerate(options.application) if is_spark and word in ("-f", "-i")]
    options = _with_paths_here(options, node, scripts)
    node.check_addresses((*options.values.values(), *options.application))
    settings = _all_settings(node, options)
    if options.settings.get("spark.submit.deployMode") == "cluster":
        raise CannotRun("Cluster deploy mode is not applicable to Spark SQL shell.")
    for option, named in zip(options.application, options.application[1:], strict=False):
        if option in ("-f", "-i"):
            node.require_file(named)
    program = ("--class", _SQL_CLASS, "spark-internal", *options.application)
    return _launch(node, options, settings, program, in_container=False, uses_hive=True, is_spark=is_spark)


def spark_example(node: Node, words: Sequence[str]) -> Launch:
    """`spark-example SparkPi 10`: the example that Spark ships in Python too."""
    node.require("Spark", "spark-example")
    options = _with_paths_here(spark_options.parse(words), node, ())
    name, *arguments = options.application or ("",)
    return _example(node, options, name, arguments)


def _example(node: Node, options: SparkOptions, name: str, arguments: Sequence[str]) -> Launch:
    """An example by the name of its class: PySpark comes without their jar, and with the same programs in Python."""
    example = name.removeprefix(_EXAMPLE_PACKAGE)
    if example not in _EXAMPLES:
        raise CannotRun(f"Spark's example {name}: of Spark's examples the emulator has {', '.join(_EXAMPLES)}")
    program = node.java.spark_home / "examples" / "src" / "main" / "python" / _EXAMPLES[example]
    options, settings = spark_options.without_class(options), _all_settings(node, options)
    return _launch(node, options, settings, (str(program), *arguments), in_cluster_mode(settings))


def in_cluster_mode(settings: Mapping[str, str]) -> bool:
    return settings.get("spark.submit.deployMode") == "cluster" or settings.get("spark.master") == "yarn-cluster"


def _all_settings(node: Node, options: SparkOptions) -> dict[str, str]:
    """The command's own settings outrank those of its properties file, or without one the cluster's defaults."""
    defaults: Mapping[str, str] = node.configuration.spark_defaults
    if options.properties_file is not None:
        file = node.fetch(options.properties_file)
        try:
            defaults = spark_options.read_properties(file.read_text("utf-8"))
        except UnicodeDecodeError as error:
            raise CannotRun(f"spark-submit: {options.properties_file} is no text in UTF-8 ({error})") from None
    settings = {**defaults, **options.settings}
    # Java's options are words of their own, which a path with a blank would be several of.
    return {k: v if k in _JAVA_OPTIONS else node_paths.here(v, node.home) for k, v in settings.items()}


def _launch(
    node: Node,
    options: SparkOptions,
    settings: Mapping[str, str],
    program: Sequence[str],
    in_container: bool,
    uses_hive: bool = False,
    is_spark: bool = True,
) -> Launch:
    local = LocalSettings.of(settings, in_cluster_mode=in_container)
    asked = spark_options.heap_mib(settings)
    heap = min(asked, node.memory.largest_heap_mib)
    configuration = node.configuration
    catalog = configuration.catalog_of_spark(settings) if is_spark else configuration.catalog_of_hive()
    if uses_hive and catalog.kind is Kind.REFUSED:
        raise CannotRun(catalog.words)
    for address in _needed(options, program):
        node.require_file(address)
    application_id = node.new_application_id()
    node.write_conf(node.catalogs.uri(catalog, for_hive=not is_spark))
    apart = not in_container and bool(program) and program[0].endswith(".py")
    shipped = _ship_files(node, options, settings, apart=apart) if in_container or apart else ()
    kept = {key: value for key, value in local.kept.items() if key not in _OF_THE_JVM}
    event_logs = node.event_logs if is_spark and spark_options.logs_events(settings) else None
    settings_here: dict[str, str] = {
        "spark.sql.warehouse.dir": configuration.warehouse(node.home.hdfs),
        **kept,
        **({} if event_logs is None else _EVENT_LOGS | {"spark.eventLog.dir": event_logs.as_uri()}),
        "spark.master": _master(node.cores, settings),
        "spark.driver.memory": f"{heap}m",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        **({} if is_spark else script.SETTINGS),
        "spark.ui.enabled": "false",
        "spark.ui.killEnabled": "false",  # for a job that turns its page on: any page of a browser could use the button
        "spark.ui.showConsoleProgress": "false",
        "spark.jars.ivy": str(node.home.home / ".ivy2"),
    }
    configured = {key: value for key, value in settings.items() if key not in options.settings}
    words = [word for key, value in settings_here.items() for word in ("--conf", f"{key}={value}")]
    command = node.java.command(
        "org.apache.spark.deploy.SparkSubmit",
        [*words, *options.passed, *program],
        heap_mib=heap,
        conf=node.conf,
        first_on_class_path=[*filter(_exists, _class_path(local))],
        options=[*node.java_options(), *_jvm_options(node, local.kept), f"-D{view.ENDS}={node.catalogs.ends.path}"],
        last_on_class_path=() if is_spark else (str(view.CLASSES),),
    )
    environment = {
        **node.java_environment(),
        **local.driver_environment,
        "SPARK_CONF_DIR": str(node.conf),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(node.home.temporary),
        "PYSPARK_PYTHON": node.java.python,
        "PYSPARK_DRIVER_PYTHON": str(node.home.programs / DRIVER_PROGRAM) if apart else node.java.python,
        **({DRIVER_FOLDER: str(node.work), DRIVER_PYTHON: node.java.python} if apart else {}),
    }
    return Launch(
        tuple(command),
        node.executors if apart else node.work,
        environment,
        memory_mib=node.memory.need_of(heap),
        notes=(*_notes(node, local, options.settings, asked, heap), _catalog_note(catalog, node), *shipped),
        application_id=application_id,
        application_name=_name(options, settings, program),
        application_type="SPARK" if is_spark else "TEZ",
        in_container=in_container,
        metastore=node.catalogs.metastore if catalog.kind is Kind.OWN else None,
        uses_hive=uses_hive,
        event_logs=event_logs,
        hidden=_hidden(node, configured),
    )


def _hidden(node: Node, configured: Mapping[str, str]) -> frozenset[str]:
    """The names in the command and its environment that a value of the configurations stands behind."""
    variables = [key.removeprefix(spark_options.FOR_THE_DRIVER) for key in configured]
    java = [option.partition("=")[0] for option in _jvm_options(node, configured)]
    return frozenset((*configured, *variables, *java, *node.configuration.environment))


def _catalog_note(catalog: Choice, node: Node) -> str:
    """A line for the step's log on whose tables it sees."""
    if catalog.kind is Kind.REFUSED:
        return f"no tables can be seen: {catalog.words}"
    names = {Kind.GLUE: f"{catalog.kind.value} in {node.setup.region}", Kind.EXTERNAL: catalog.words}
    return f"tables are those of {names.get(catalog.kind, 'the cluster itself, and end with it')}"


_EVENT_LOGS = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
}
# Settings that are options of the JVM, which is started here.
_JAVA_OPTIONS = ("spark.driver.defaultJavaOptions", "spark.driver.extraJavaOptions")
_OF_THE_JVM = ("spark.driver.extraClassPath", *_JAVA_OPTIONS)


def _name(options: SparkOptions, settings: Mapping[str, str], program: Sequence[str]) -> str:
    """The application's name as far as the command says it: what the program calls itself is not seen from outside."""
    given = options.values.get("--name") or settings.get("spark.app.name") or options.values.get("--class")
    return given or Path(*program[:1]).name


def _needed(options: SparkOptions, program: Sequence[str]) -> list[str]:
    """What spark-submit copies before it starts the application."""
    lists = (options.values.get(option, "") for option in ("--py-files", "--jars", "--files", "--archives"))
    named = [entry.strip().partition("#")[0] for entries in lists for entry in entries.split(",")]
    return [address for address in (*named, *program[:1]) if address]


def _jvm_options(node: Node, settings: Mapping[str, str]) -> list[str]:
    options: list[str] = []
    for name in _JAVA_OPTIONS:
        options += split_words(settings.get(name, ""), name)
    for option in options:
        if option.startswith("-Xmx"):
            raise CannotRun(
                f"spark-submit: {option} is not allowed in the driver's Java options; use spark.driver.memory"
            )
    return [node_paths.here(option, node.home) for option in options]


def _class_path(local: LocalSettings) -> list[str]:
    """What the driver is to have first on its class path, which may be written for a real node."""
    return [entry for entry in local.kept.get("spark.driver.extraClassPath", "").split(":") if entry]


def _exists(entry: str) -> bool:
    return Path(entry.removesuffix("*")).exists()


def _master(cores: int, settings: Mapping[str, str]) -> str:
    attempts = settings.get("spark.task.maxFailures", "")
    return f"local[{cores},{attempts}]" if attempts.isdigit() else f"local[{cores}]"


def _ship_files(node: Node, options: SparkOptions, settings: Mapping[str, str], *, apart: bool) -> tuple[str, ...]:
    """On YARN, --files and --archives lie in the working folder of the executors, and in cluster mode of the driver.

    :param apart: whether the executors have a folder of their own, as in client mode
    :return: words on where they lie
    """
    folder, shipped = node.executors if apart else node.work, []
    for option, name in (("--files", "spark.yarn.dist.files"), ("--archives", "spark.yarn.dist.archives")):
        for entry in (options.values.get(option) or settings.get(name, "")).split(","):
            address, _, alias = entry.strip().partition("#")
            if not address:
                continue
            fetched = node.fetch(address)
            target = folder / (alias or Path(address).name)
            shipped.append(target.name)
            if option == "--files":
                shutil.copyfile(fetched, target)
                continue
            try:
                shutil.unpack_archive(fetched, target, "zip" if fetched.suffix == ".jar" else None)
            except (shutil.ReadError, ValueError):
                raise CannotRun(f"spark-submit: --archives {address} is no archive that can be unpacked") from None
    if not (apart and shipped):
        return ()
    return (f"in the executors' working folder only, as in client mode: {', '.join(shipped)}",)


def _notes(node: Node, local: LocalSettings, of_step: Mapping[str, str], asked: int, heap: int) -> tuple[str, ...]:
    notes = [f"Spark runs in local mode, in one process with {node.cores} cores and a heap of {heap} MiB"]
    if heap < asked:
        notes.append(f"memory clamped: {asked} MiB were asked for; see --memory of the emulator")
    if local.left_out:
        left_out = [f"{key}={value}" if key in of_step else key for key, value in sorted(local.left_out.items())]
        notes.append(f"left out, for a cluster only: {', '.join(left_out)}")
    if nothing_there := [entry for entry in _class_path(local) if not _exists(entry)]:
        notes.append(f"left out of the driver's class path, since there is none here: {', '.join(nothing_there)}")
    if node.configuration.left_out:
        notes.append(f"left out of the cluster's Configurations: {', '.join(node.configuration.left_out)}")
    return tuple(notes)
