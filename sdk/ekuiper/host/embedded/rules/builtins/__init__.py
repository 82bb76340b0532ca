"""eKuiper's own functions, as far as they run here."""

from collections.abc import Mapping

from . import aggregates, arrays, maths, objects, others, strings
from .builtin import Builtin

__all__ = ["BUILTINS", "ELSEWHERE"]

BUILTINS: Mapping[str, Builtin] = {
    **maths.FUNCTIONS,
    **strings.FUNCTIONS,
    **arrays.FUNCTIONS,
    **objects.FUNCTIONS,
    **others.FUNCTIONS,
    **aggregates.FUNCTIONS,
}
"""By their names, in lower case."""

ELSEWHERE = frozenset(
    [
        "acc_avg",
        "acc_count",
        "acc_max",
        "acc_min",
        "acc_sum",
        "array_map",
        "array_shuffle",
        "changed_col",
        "changed_cols",
        "compress",
        "conv",
        "convert_tz",
        "cot",
        "date_calc",
        "date_diff",
        "day",
        "day_name",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "decompress",
        "dedup_trigger",
        "deduplicate",
        "delay",
        "extract",
        "format_time",
        "from_days",
        "from_unix_time",
        "get_keyed_state",
        "had_changed",
        "hour",
        "inc_avg",
        "inc_collect",
        "inc_count",
        "inc_last_value",
        "inc_max",
        "inc_merge_agg",
        "inc_min",
        "inc_sum",
        "json_path_exists",
        "json_path_query",
        "json_path_query_first",
        "kvpair_array_to_obj",
        "lag",
        "last_agg_hit_count",
        "last_agg_hit_time",
        "last_day",
        "last_hit_count",
        "last_hit_time",
        "latest",
        "microsecond",
        "minute",
        "month",
        "month_name",
        "mqtt",
        "obj_to_kvpair_array",
        "percentile_cont",
        "percentile_disc",
        "props",
        "repeat",
        "row_number",
        "rule_start",
        "second",
        "sequence",
        "to_seconds",
        "unnest",
    ]
)
"""Those that only a real eKuiper has."""
