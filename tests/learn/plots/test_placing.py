from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.plots.placing import Box, place

ROOM = Box(0, 0, 1000, 600)
SPOTS = st.lists(
    st.tuples(st.integers(100, 900).map(float), st.integers(100, 500).map(float)),
    min_size=1,
    max_size=12,
)


@given(SPOTS)
def test_no_two_labels_overlap(anchors: list[tuple[float, float]]) -> None:
    boxes = place(anchors, [(150.0, 20.0)] * len(anchors), ROOM)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))


@given(SPOTS)
def test_labels_stay_in_their_room_and_off_the_points(anchors: list[tuple[float, float]]) -> None:
    solid = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in anchors]
    boxes = place(anchors, [(150.0, 20.0)] * len(anchors), ROOM, solid)
    assert all(box.is_within(ROOM) for box in boxes)
    assert not any(box.meets(point) for box in boxes for point in solid)


def test_a_label_has_its_size() -> None:
    (box,) = place([(500, 300)], [(80, 20)], ROOM)
    assert (round(box.right - box.left, 6), round(box.top - box.bottom, 6)) == (80, 20)


def test_where_all_is_free_a_label_is_right_of_its_point() -> None:
    assert place([(500, 300)], [(80, 20)], ROOM) == [Box(507, 290, 587, 310)]


def test_a_label_gives_way_to_a_line() -> None:
    line = [Box(x, 298, x + 4, 302) for x in range(0, 1000, 8)]
    (box,) = place([(500, 300)], [(80, 20)], ROOM, marks=line)
    assert not any(box.meets(mark) for mark in line)


def test_where_there_is_no_room_it_is_placed_all_the_same() -> None:
    assert len(place([(5, 5)] * 3, [(50, 50)] * 3, Box(0, 0, 10, 10))) == 3


def test_the_boxes_come_in_the_order_of_their_anchors() -> None:
    boxes = place([(900, 300), (100, 300)], [(50, 20), (50, 20)], ROOM)
    assert boxes[0].left > boxes[1].left
