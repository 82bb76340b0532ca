"""One plugin's functions on the official package and on this one, under either host."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Pair
from .rig import Reply, Rig
from .same import VALUES, Both, same

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not 2**63 <= abs(x) < 1e21)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner)
    ),
    max_leaves=12,
)


class TestFunctions:
    def test_values_pass_through(self, both: Both, plain: Pair) -> None:
        """A function that returns its argument returns it, whatever JSON value it is."""

        def echoed(rig: Rig) -> list[Reply]:
            return [rig.function("echo").exec(value) for value in VALUES]

        assert same(both, plain, echoed) == [Reply(True, value) for value in VALUES]

    @settings(
        deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(value=json_values)
    def test_any_value_passes_through(self, both: Both, plain: Pair, value: Any) -> None:
        """So does any value that hypothesis thinks of, and it is the same Python value inside."""

        def echoed(rig: Rig) -> list[Reply]:
            return [rig.function("echo").exec(value), rig.function("kinds").exec(value)]

        assert same(both, plain, echoed)[0].state

    def test_arguments_have_the_same_types(self, both: Both, plain: Pair) -> None:
        """`exec` is given the same Python values, whether none, one or several."""

        def kinds(rig: Rig) -> list[Reply]:
            kinds = rig.function("kinds")
            return [kinds.exec(), kinds.exec(*VALUES), kinds.exec(1, 1.0, "1", True, [1], None)]

        last = same(both, plain, kinds)[-1]
        assert last.result[0] == "int 1"
        # eKuiper, and the embedded host like it, writes whole floats without a point.
        assert last.result[1] in ("float 1.0", "int 1")

    def test_results_of_python_types(self, both: Both, plain: Pair) -> None:
        """Every Python value that the official package can send arrives as the same JSON value."""

        def shapes(rig: Rig) -> list[Reply]:
            shapes = rig.function("shapes")
            return [shapes.exec(index) for index in range(shapes.exec().result)]

        replies = same(both, plain, shapes)
        assert all(reply.state for reply in replies)
        assert [1, [2, 3]] in [reply.result for reply in replies]

    def test_computing(self, both: Both, plain: Pair) -> None:
        """What a function computes is the same, and what it cannot compute is an error on both."""

        def added(rig: Rig) -> list[Any]:
            add = rig.function("add")
            good = [add.exec(a, b) for a, b in [(1, 2), (0.1, 0.2), ("a", "b"), ([1], [2])]]
            return [*good, add.exec(1, "a").state, add.exec(None, 1).state, add.exec(1).state]

        assert same(both, plain, added)[-3:] == [False, False, False]

    def test_aggregates(self, both: Both, plain: Pair) -> None:
        """Which functions aggregate, and what an aggregate makes of its lists."""

        def aggregated(rig: Rig) -> list[Any]:
            kinds = [rig.function(name).is_aggregate() for name in ("echo", "gather", "median")]
            gather, median = rig.function("gather"), rig.function("median")
            return [
                kinds,
                gather.exec([1, None, {}], ["a", "a", "a"]),
                gather.exec([]),
                gather.exec(None),
                median.exec([3, 1, 2.5, 10]),
                median.exec([]).state,
            ]

        done = same(both, plain, aggregated)
        assert done[0] == [False, True, True]
        assert done[-2:] == [Reply(True, 2.75), False]

    def test_validate(self, both: Both, plain: Pair) -> None:
        """`validate` accepts with "" and refuses with its text, word for word."""

        def validated(rig: Rig) -> list[Reply]:
            picky = rig.function("picky")
            node = {"StreamName": "$$default", "Name": "a"}
            return [picky.validate(node), picky.validate(node, {"Val": 1})]

        assert same(both, plain, validated) == [
            Reply(True, ""),
            Reply(False, "picky takes one argument, not 2"),
        ]

    def test_contexts(self, both: Both, plain: Pair) -> None:
        """Each place in a rule has its ids and one context, which keeps what is put on it."""

        def places(rig: Rig) -> list[Reply]:
            place = rig.function("place")
            return [
                place.exec(rule="r1", op="2_project", instance=0, func=0),
                place.exec(rule="r1", op="2_project", instance=0, func=1),
                place.exec(rule="r1", op="2_project", instance=0, func=0),
                place.exec(rule="$$_ü r", op="3_filter", instance=2, func=0),
                place.exec(rule="r1", op="2_project", instance=0, func=0),
            ]

        assert [reply.result for reply in same(both, plain, places)] == [
            ["r1", "2_project", 0, 1],
            ["r1", "2_project", 0, 1],
            ["r1", "2_project", 0, 2],
            ["$$_ü r", "3_filter", 2, 1],
            ["r1", "2_project", 0, 3],
        ]

    def test_logging_is_info_by_default(self, both: Both, plain: Pair) -> None:
        """What a plugin logs from INFO on, or prints, is in the host's log; DEBUG is not."""

        def said(rig: Rig) -> list[bool]:
            rig.function("say").exec("hello")
            log = rig.plugin.logged()
            return [f"{text} hello" in log for text in ("printed", "info", "library", "debug")]

        assert same(both, plain, said) == [True, True, True, False]
