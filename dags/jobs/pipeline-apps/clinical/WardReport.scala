// Ward Report: figures of each ward from the curated table; where they are of too few persons they are not told.
// `seed` compiles it into WardReport.jar, by the Scala compiler among PySpark's own jars. ward_report.py is its twin.
package clinical

import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._

object WardReport {
  def main(words: Array[String]): Unit = {
    val options = words.map(_.split("=", 2)).collect { case Array(name, value) => name -> value }.toMap
    def given(name: String): String =
      options.getOrElse(name, throw new IllegalArgumentException(s"$name=… is missing"))
    val (table, day) = (given("--source-table"), given("--processing-date"))
    val smallest = given("--smallest-cell").toInt

    val spark = SparkSession.builder
      .appName("Ward Report")
      .config("spark.sql.session.timeZone", "UTC")
      .enableHiveSupport()
      .getOrCreate()
    val found = report(spark.table(table).where(col("batch_date") === lit(day).cast("date")), smallest)
    if (found.isEmpty) throw new IllegalStateException(s"The table $table has no row for $day.")
    found.coalesce(1).write.mode("overwrite").json(given("--target-path"))
    spark.stop()
  }

  def report(encounters: DataFrame, smallest: Int): DataFrame = {
    val from65 = regexp_extract(col("age_band"), "^[0-9]+", 0).cast("int") >= 65
    val figures = encounters
      .groupBy("ward")
      .agg(
        countDistinct("patient_key").as("persons"),
        count(lit(1)).as("encounters"),
        round(expr("percentile(stay_days, 0.5)"), 2).as("median_stay_days"),
        round(avg("creatinine"), 2).as("mean_creatinine"),
        round(avg(from65.cast("int")), 4).as("share_from_65")
      )
    val told = figures.columns.filterNot(_ == "ward").map(name => when(col("persons") >= smallest, col(name)).as(name))
    figures
      .select(col("ward") +: (col("persons") < smallest).as("suppressed") +: told: _*)
      .orderBy("ward")
  }
}
