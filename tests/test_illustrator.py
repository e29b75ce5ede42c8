"""The stand-in's illustrator: every motif can be drawn, and a scene is what was written."""

import itertools
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageDraw

from tests.standin.pictures.arranging import arrange
from tests.standin.pictures.colours import COLOURS
from tests.standin.pictures.composing import ask_to_compose, read_composed
from tests.standin.pictures.drawing import QUALITIES, draw_scene, sign
from tests.standin.pictures.layout import place_items
from tests.standin.pictures.motif import MOTIFS
from tests.standin.pictures.pen import Pen
from tests.standin.pictures.scene import BACKGROUNDS, LABELLED_BOX, read_scene, scene_schema


def item(motif, **more):
    plain = {"thing": motif, "motif": motif, "colour": "its own", "side": "middle", "depth": "middle"}
    return {**plain, "size": "medium", "count": 1, **more}


def scene(*items, background="meadow", words="", setting="outdoors"):
    return read_scene({"setting": setting, "background": background, "items": list(items), "words": words})


def test_there_are_at_least_sixty_motifs():
    assert len(MOTIFS) >= 60
    assert set(scene_schema()["properties"]["items"]["items"]["properties"]["motif"]["enum"]) == {*MOTIFS, LABELLED_BOX}


@pytest.mark.parametrize("name", MOTIFS)
def test_a_motif_draws_something_in_its_box_in_both_ways(name):
    motif, shown = MOTIFS[name], {}
    for fine in (True, False):
        picture = Image.new("RGB", (200, 200), "white")
        motif.draw(Pen(ImageDraw.Draw(picture), (40, 40, 120, 120), fine=fine), COLOURS[motif.colour])
        box = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
        assert box and box[2] - box[0] > 30 and box[3] - box[1] > 20
        assert box[0] > 20 and box[1] > 20 and box[2] < 185 and box[3] < 185, "it stays near its box"
        shown[fine] = picture


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("quality", QUALITIES)
def test_every_background_fills_the_picture(background, quality):
    drawn = draw_scene(scene(item("cat"), background=background), (96, 64), quality=quality)
    assert drawn.size == (96, 64) and drawn.getchannel("A").getextrema() == (255, 255)


def test_transparent_pictures_have_no_background():
    alpha = draw_scene(scene(item("cat")), (96, 96), transparent=True).getchannel("A")
    assert alpha.getpixel((2, 2)) == 0 and alpha.getextrema() == (0, 255)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    one = scene(item("dog"), item("tree", side="left"))
    first, again, other = (draw_scene(one, (128, 128), quality="medium", seed=seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()


@pytest.mark.parametrize("size", [(1024, 1024), (1024, 1536), (1536, 1024), (3072, 1024)])
def test_things_stay_in_the_picture(size):
    crowd = [
        item(motif, side=side, depth=depth, size="large", count=3)
        for (side, depth), motif in zip(
            itertools.product(("left", "middle", "right"), ("back", "middle", "front")), MOTIFS, strict=False
        )
    ]
    for placed in place_items(scene(*crowd), size[1] / size[0], seed=0):
        left, top, wide, tall = placed.box
        assert left > -1 and left + wide < 101 and top + tall <= 100 * size[1] / size[0] + 2


def test_what_stands_on_a_table_stands_on_its_top():
    placed = place_items(scene(item("table", side="right"), item("cup", side="right")), 1, seed=0)
    table, cup = (next(one for one in placed if one.item.motif == name) for name in ("table", "cup"))
    assert placed.index(table) < placed.index(cup)
    assert abs(cup.box[1] + cup.box[3] - (table.box[1] + 0.1 * table.box[3])) < 0.5
    assert table.box[0] <= cup.box[0] <= table.box[0] + table.box[2]


def test_what_lies_outside_a_room_is_seen_through_its_window():
    room = scene(item("window", size="large"), item("mountain"), background="snow", setting="indoors")
    assert room.background == "warm room"
    placed = place_items(room, 1, seed=0)
    window, mountain = (next(one for one in placed if one.item.motif == name) for name in ("window", "mountain"))
    assert window.box[0] < mountain.box[0] and mountain.box[0] + mountain.box[2] < window.box[0] + window.box[2]
    assert window.box[1] < mountain.box[1] and mountain.box[1] + mountain.box[3] < window.box[1] + window.box[3]


def test_what_no_motif_shows_is_a_box_with_its_name():
    labelled = scene(item(LABELLED_BOX, thing="microscope"))
    assert labelled.items[0].label == "microscope"
    plain = scene(item(LABELLED_BOX, thing="telescope"))
    assert draw_scene(labelled, (256, 256)).tobytes() != draw_scene(plain, (256, 256)).tobytes()


def test_a_box_with_the_name_of_a_motif_is_that_motif():
    assert scene(item(LABELLED_BOX, thing="Cake")).items[0].motif == "cake"


def test_who_made_it_is_written_on_the_picture():
    drawn = draw_scene(scene(item("cat")), (512, 512))
    signed = sign(drawn, "composed by nobody, drawn by code")
    box = ImageChops.difference(drawn.convert("RGB"), signed.convert("RGB")).getbbox()
    assert box and box[0] < 5 and box[1] > 470 and box[3] == 512


@pytest.mark.parametrize(
    "written",
    [
        {},
        [],
        None,
        {"items": [], "background": "sea", "words": ""},
        {"items": [item("cat")], "background": "moon base", "words": ""},
        {"items": [item("unicorn")], "background": "sea", "words": ""},
        {"items": ["cat"], "background": "sea", "words": ""},
    ],
)
def test_what_is_no_scene_is_refused(written):
    with pytest.raises(ValueError, match="no scene"):
        read_scene(written)


def test_a_scene_that_was_cut_off_is_refused():
    with pytest.raises(ValueError):
        read_composed('{"setting": "outdoors", "background": "sea", "items": [{"thing": "a bo', "a boat")


def test_a_thing_that_is_named_twice_is_drawn_once():
    assert len(scene(item("cat"), item("cat")).items) == 1


def test_the_request_of_a_seed_is_drawn_by_chance_and_without_one_is_the_likeliest():
    assert ask_to_compose("a cat").body["temperature"] == 0
    drawn = ask_to_compose("a cat", 7).body
    assert drawn["temperature"] > 0 and drawn["seed"] == 7


# --- what is seen is the engine's choice, where it stands the code's ---


def things(arranged):
    return {one.motif: (one.colour, one.count) for one in arranged.items}


def test_nothing_is_added_recoloured_counted_or_written_because_the_prompt_says_so():
    composed = scene(item("cat", colour="blue", count=2), item("lamp"), background="desert", words="book")
    arranged = arrange(composed, "one red cat, a dog and a window in a warm room at night, with the words HAPPY 40")
    assert things(arranged) == {"cat": ("blue", 2), "lamp": (MOTIFS["lamp"].colour, 1)}
    assert (arranged.background, arranged.words) == ("desert", "book")


def test_a_box_that_names_a_motif_or_the_picture_itself_is_none():
    boxes = [item(LABELLED_BOX, thing="red boat"), item(LABELLED_BOX, thing="birthday card"), item("cake")]
    assert things(arrange(scene(*boxes), "")).keys() == {"sailing boat", "cake"}
    assert things(arrange(scene(item(LABELLED_BOX, thing="microscope")), "")).keys() == {LABELLED_BOX}


def test_things_that_were_piled_up_are_spread_and_those_of_an_edit_stay():
    piled = scene(*(item(motif, side="right") for motif in ("cat", "chair", "lamp")))
    assert {one.side for one in arrange(piled, "a cat, a chair, a lamp").items} == {"left", "middle", "right"}
    assert {one.side for one in arrange(piled, "a cat, a chair, a lamp on the right").items} == {"right"}
    assert {one.side for one in arrange(piled, "a cat, a chair, a lamp", over=()).items} == {"right"}


def test_an_edit_does_not_draw_again_what_is_there_unless_more_is_asked_for():
    both = scene(item("lighthouse"), item("sailing boat"))
    assert things(arrange(both, "the lighthouse and a boat", over={"lighthouse"})).keys() == {"sailing boat"}
    assert len(arrange(both, "another lighthouse and a boat", over={"lighthouse"}).items) == 2


def test_pieces_that_nobody_gave_a_colour_have_one_each():
    def colours(said):
        placed = place_items(arrange(scene(item("balloon", colour=said, count=3)), ""), 1, seed=0)
        return [one.item.colour for one in placed]

    assert len(set(colours("its own"))) == 3 and set(colours("blue")) == {"blue"}


def test_one_thing_before_nothing_fills_the_picture():
    (placed,) = place_items(arrange(scene(item("leaf"), background="plain"), ""), 1, seed=0)
    left, top, wide, tall = placed.box
    assert max(wide, tall) > 65 and abs(left + wide / 2 - 50) < 1 and abs(top + tall / 2 - 50) < 1


def test_water_colours_waver_and_leave_a_margin():
    arranged = arrange(scene(item("robot")), "a robot, watercolour")
    painted = draw_scene(arranged, (160, 160), quality="high", seed=1)
    plain = draw_scene(replace(arranged, style=""), (160, 160), quality="high", seed=1)
    assert painted.size == plain.size and painted.tobytes() != plain.tobytes()
    assert min(painted.getpixel((1, 1))[:3]) > 235
    assert painted.tobytes() == draw_scene(arranged, (160, 160), quality="high", seed=1).tobytes()
