"""What every workflow should make of a day of flights, worked out from its CSV by pandas alone.

None of the jobs' code is used here: the rules are those that `quality-rules/standard.json` describes in words.
"""

from __future__ import annotations

import io
import math

import pandas as pd

from local.flights import packaged_data

KEY = ["year", "month", "day", "carrier", "flight", "origin", "sched_dep_time"]
TEXTS = ["carrier", "tailnum", "origin", "dest", "time_hour", "updated_at"]
NEEDED = ["carrier", "dest", "distance", "tailnum", "arr_delay", "cancelled"]
"""What every tenant has of a flight."""
BUSINESS_KEY = ["carrier", "flight", "origin", "sched_dep_time"]
BUSINESS = [
    *BUSINESS_KEY,
    *(
        "carrier_name",
        "tailnum",
        "manufacturer",
        "model",
        "seats",
        "dest",
        "dest_name",
        "dest_tzone",
        "route",
        "region",
    ),
    *("distance", "dep_delay", "arr_delay", "air_time", "cancelled", "diverted", "late"),
    *("wind_speed", "precip", "visib", "time_hour", "updated_at"),
]
MAY_BE_EMPTY = ["dep_time", "dep_delay", "arr_time", "arr_delay", "tailnum", "air_time"]


def raw_rows(*files: bytes) -> pd.DataFrame:
    """All rows of the files, all fields as texts."""
    tables = [pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False, na_values=["NA"]) for body in files]
    return pd.concat(tables, ignore_index=True)


def typed(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows with numbers, where a field holds one."""
    numbers = {name: pd.to_numeric(raw[name], errors="coerce") for name in raw.columns if name not in TEXTS}
    return raw.assign(**numbers)


def broken_rules(raw: pd.DataFrame, day: str) -> pd.DataFrame:
    """Which row breaks which rule; what cannot be said for sure is broken."""
    rows = typed(raw)
    unreadable = (raw.notna() & rows.isna()).any(axis=1)
    missing = raw.drop(columns=MAY_BE_EMPTY).isna().any(axis=1)
    year, month, of_month = day.split("-")
    speed = rows.distance * 60 / rows.air_time
    clocks = rows[["dep_time", "sched_dep_time", "arr_time", "sched_arr_time"]]
    flown = rows.dep_time.notna()
    return pd.DataFrame(
        {
            "schema": unreadable | missing,
            "belongs_to_the_day": ~(
                (rows.year == int(year)) & (rows.month == int(month)) & (rows.day == int(of_month))
            ),
            "known_origin": ~rows.origin.isin(["EWR", "JFK", "LGA"]),
            "codes_well_formed": ~(
                rows.carrier.str.fullmatch("[A-Z0-9]{2}").eq(True)
                & rows.dest.str.fullmatch("[A-Z]{3}").eq(True)
                & (rows.dest != rows.origin)
                & (rows.flight > 0)
            ),
            "clock_times_exist": ~(clocks.isna() | ((clocks >= 0) & (clocks <= 2400) & (clocks % 100 < 60))).all(
                axis=1
            ),
            "plausible_flight": ~(
                rows.distance.between(1, 6000) & (rows.air_time.isna() | ((rows.air_time > 0) & speed.between(50, 800)))
            ),
            "cancelled_means_not_flown": (flown & rows.dep_delay.isna())
            | (~flown & rows[["dep_delay", "arr_time", "arr_delay", "air_time"]].notna().any(axis=1)),
            "arrived_means_flown": (rows.arr_delay.isna() != rows.air_time.isna())
            | (rows.arr_delay.notna() & rows.arr_time.isna()),
            "departure_delay_agrees": off(rows.dep_time, rows.sched_dep_time, rows.dep_delay),
            "arrival_delay_agrees": off(rows.arr_time, rows.sched_arr_time, rows.arr_delay),
        }
    )


def off(time: pd.Series, planned: pd.Series, delay: pd.Series) -> pd.Series:
    """Where the delay is not what lies between the two times of the clock, on one day or the next."""
    minutes = time // 100 * 60 + time % 100 - planned // 100 * 60 - planned % 100
    return delay.notna() & ((minutes - delay) % 1440 != 0)


def true_flights(raw: pd.DataFrame, day: str) -> pd.DataFrame:
    """The good rows, each flight once, as it was reported last."""
    good = typed(raw[~broken_rules(raw, day).any(axis=1)])
    return good.sort_values("updated_at", kind="stable").drop_duplicates(KEY, keep="last").reset_index(drop=True)


def carrier_delays(flights: pd.DataFrame) -> pd.DataFrame:
    """For each carrier its flights, how many were cancelled, and the mean delay of those that arrived."""
    told = flights.assign(cancelled=flights.dep_time.isna())
    return told.groupby("carrier", as_index=False).agg(
        flights=("flight", "size"), cancelled=("cancelled", "sum"), arrival_delay=("arr_delay", "mean")
    )


def kept_by(tenant: str, flights: pd.DataFrame) -> pd.DataFrame:
    """What the example's rules let a tenant keep."""
    own = flights[flights.origin == tenant]
    if tenant == "JFK":
        return own[own.distance >= 200]
    return own[~own.carrier.isin(["EV", "YV"])] if tenant == "LGA" else own


def tenant_carriers(kept: pd.DataFrame) -> pd.DataFrame:
    """A tenant's analytics, a row a carrier."""
    told = kept.assign(
        cancelled=kept.dep_time.isna(), late=kept.arr_delay >= 15, miles=kept.distance.where(kept.dep_time.notna(), 0)
    )
    return told.groupby("carrier", as_index=False).agg(
        flights=("flight", "size"),
        cancelled=("cancelled", "sum"),
        late=("late", "sum"),
        mean_arr_delay=("arr_delay", "mean"),
        miles=("miles", "sum"),
    )


def business_rows(flights: pd.DataFrame) -> pd.DataFrame:
    """The business table: the flights with what the reference tables know of them."""
    data = packaged_data()
    airlines = pd.read_csv(data / "airlines.csv").rename(columns={"name": "carrier_name"})
    airports = pd.read_csv(data / "airports.csv")[["faa", "name", "tzone"]]
    airports.columns = pd.Index(["dest", "dest_name", "dest_tzone"])
    planes = pd.read_csv(data / "planes.csv")[["tailnum", "manufacturer", "model", "seats"]]
    weather = pd.read_csv(data / "weather.csv")[["origin", "time_hour", "wind_speed", "precip", "visib"]]
    rows = flights.merge(airlines, "left", "carrier").merge(airports, "left", "dest").merge(planes, "left", "tailnum")
    rows = rows.merge(weather, "left", ["origin", "time_hour"])
    return rows.assign(
        route=rows.origin + "-" + rows.dest,
        region=rows.origin,
        cancelled=rows.dep_time.isna(),
        diverted=rows.dep_time.notna() & rows.arr_delay.isna(),
        late=rows.arr_delay >= 15,
    )


def carriers_of(business: pd.DataFrame) -> pd.DataFrame:
    """The customer analytics of the first day that is processed."""
    seats = business.seats.fillna(business.groupby("carrier").seats.transform("mean")).fillna(business.seats.mean())
    carriers = (
        business.assign(seat_miles=(business.distance * seats).where(~business.lost, 0))
        .groupby("carrier", as_index=False)
        .agg(
            name=("carrier_name", "first"),
            flights=("flight", "size"),
            lost=("lost", "sum"),
            arrival_delay=("arr_delay", "mean"),
            seat_miles=("seat_miles", "sum"),
        )
        .sort_values(["flights", "carrier"], ascending=[False, True], ignore_index=True)
    )
    weight, common = carriers.flights.mean(), business.lost.mean()
    risk = ((carriers.lost + weight * common) / (carriers.flights + weight)).round(4)
    size, more = divmod(len(carriers), 3)
    thirds = [size + (number < more) for number in range(3)]
    words = [word for word, count in zip(("core", "regular", "occasional"), thirds, strict=True) for _ in range(count)]
    delays = carriers.arrival_delay.round(1)
    late = (delays > delays.median()).map({True: "late", False: "punctual"})
    return carriers.assign(
        churn_risk=risk,
        lifetime_value=carriers.seat_miles * (1 - risk) / (0.01 + risk),
        segment=pd.Series(words) + ", " + late,
    )


def routes_of(business: pd.DataFrame) -> pd.DataFrame:
    """The product analytics of the first day that is processed."""
    known = business.assign(seats=business.seats.fillna(business.seats.mean()))
    routes = known.groupby("route", as_index=False).agg(
        flights=("flight", "size"), lost=("lost", "sum"), arrival_delay=("arr_delay", "mean"), seats=("seats", "sum")
    )
    rate = (routes.lost + 10 * business.lost.mean()) / (routes.flights + 10)
    lost = routes.flights * rate + 1.645 * (routes.flights * rate * (1 - rate)) ** 0.5
    spare = (lost * routes.seats.round() / routes.flights).apply(math.ceil)
    times = business.groupby(["route", "carrier"]).size().unstack(fill_value=0)
    shares = times.div((times**2).sum(axis=1) ** 0.5, axis=0)
    likeness = (shares @ shares.T).round(6)
    best = {
        route: max((alike, -place, other) for place, (other, alike) in enumerate(row.drop(route).items()))
        for route, row in likeness.iterrows()
    }
    goes_with = routes.route.map({route: other if alike > 0 else None for route, (alike, _, other) in best.items()})
    return routes.assign(spare_seats=spare, goes_with=goes_with, trend="no history")


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame, *key: str, within: float = 1e-6) -> None:
    """Both have the same rows, in whatever order and types; `wanted` says the columns."""
    pd.testing.assert_frame_equal(
        in_plain_words(found[list(wanted.columns)], key), in_plain_words(wanted, key), rtol=0, atol=within
    )


def in_plain_words(rows: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
    """The rows in the order of the key: numbers as floats, instants as texts in UTC, an empty text for what is none."""
    plain = {name: plain_column(rows[name]) for name in rows.columns}
    others = [name for name in rows.columns if name not in key]
    return pd.DataFrame(plain).sort_values([*key, *others]).reset_index(drop=True)


def plain_column(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    return values.astype(object).where(values.notna(), "").astype(str)
