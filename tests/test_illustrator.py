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
from tests.standin.pictures.naming import Named, find_names
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


# --- what the prompt says holds ---------------------------------------------------------------------------------------


def things(arranged):
    return {one.motif: (one.colour, one.count) for one in arranged.items}


def test_a_prompt_names_motifs_with_their_colours_and_numbers():
    assert find_names("Three red balloons over a cottage, no dog, and two golden retrievers with a blue mug") == [
        Named("balloon", "red", 3),
        Named("house", "", 0),
        Named("dog", "golden", 2),
        Named("cup", "blue", 0),
    ]
    assert find_names("a puppy asleep on a rug")[0].motif == "lying dog"
    assert find_names("") == [] and find_names("without a cat, never a bird") == []


def test_what_the_prompt_names_and_the_engine_left_out_is_drawn():
    seen = things(arrange(scene(item("cat")), "a cat beside a red lamp and a window onto snowy mountains"))
    assert seen == {"cat": ("grey", 1), "lamp": ("red", 1), "window": ("brown", 1), "mountain": ("purple", 1)}


def test_what_an_edit_takes_away_is_not_added():
    assert things(arrange(scene(item("tree")), "Remove the dog and the cat")).keys() == {"tree"}


def test_a_colour_belongs_to_the_thing_that_it_was_said_of():
    seen = things(arrange(scene(item("lighthouse", colour="red"), item("cup")), "a lighthouse with a red cup"))
    assert seen["lighthouse"][0] == MOTIFS["lighthouse"].colour and seen["cup"][0] == "red"


def test_a_box_that_names_a_motif_or_the_picture_itself_is_none():
    boxes = [item(LABELLED_BOX, thing="red boat"), item(LABELLED_BOX, thing="birthday card"), item("cake")]
    assert things(arrange(scene(*boxes), "a birthday card with a red boat and a cake")).keys() == {
        "sailing boat",
        "cake",
    }
    assert things(arrange(scene(item(LABELLED_BOX, thing="microscope")), "a microscope")).keys() == {LABELLED_BOX}


@pytest.mark.parametrize(
    ("prompt", "chosen", "written"),
    [
        ("three stars above a house", "three stars above", ""),
        ("a card with the words HAPPY 40", "happy forty", "HAPPY 40"),
        ('a sign that says "Bread, every day"', "", "Bread, every day"),
        ("a logo with my name on it", "Ada", "Ada"),
        ("a girl reading a book", "book", ""),
    ],
)
def test_only_what_the_prompt_asks_for_is_written(prompt, chosen, written):
    assert arrange(scene(item("star"), words=chosen), prompt).words == written


def test_a_sofa_in_a_room_is_not_put_outside_and_a_taxi_not_inside():
    assert arrange(scene(item("car"), background="warm room"), "a taxi in the rain").background == "city street"
    assert arrange(scene(item("sofa"), background="cool room"), "a cozy sofa").background == "warm room"
    assert arrange(scene(item("sofa"), background="warm room"), "a sofa by a window at night").background == "warm room"
    assert arrange(scene(item("leaf"), background="meadow"), "an app icon of a leaf").background == "plain"


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
    def colours(prompt):
        placed = place_items(arrange(scene(item("balloon", colour="red", count=3)), prompt), 1, seed=0)
        return [one.item.colour for one in placed]

    assert len(set(colours("three balloons"))) == 3 and set(colours("three blue balloons")) == {"blue"}


def test_one_thing_before_nothing_fills_the_picture():
    (placed,) = place_items(arrange(scene(item("leaf"), background="meadow"), "an icon of a leaf"), 1, seed=0)
    left, top, wide, tall = placed.box
    assert max(wide, tall) > 65 and abs(left + wide / 2 - 50) < 1 and abs(top + tall / 2 - 50) < 1


def test_water_colours_waver_and_leave_a_margin():
    arranged = arrange(scene(item("robot")), "a robot, watercolour")
    painted = draw_scene(arranged, (160, 160), quality="high", seed=1)
    plain = draw_scene(replace(arranged, style=""), (160, 160), quality="high", seed=1)
    assert painted.size == plain.size and painted.tobytes() != plain.tobytes()
    assert min(painted.getpixel((1, 1))[:3]) > 235
    assert painted.tobytes() == draw_scene(arranged, (160, 160), quality="high", seed=1).tobytes()
