"""Where the animals live: colours of sky and ground, and what stands there, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from .palettes import Colour


@dataclass(frozen=True, slots=True)
class Habitat:
    """Colours of one kind of scenery and what stands in it.

    Attributes:
        sky: at the zenith and at the horizon; the choices are drawn from at random.
        ground: far and near.
        decor: names in ``decor.DECOR``, painted in this order.
        ambient: factor a channel of its light.
    """

    sky: tuple[tuple[Colour, Colour], ...]
    ground: tuple[Colour, Colour]
    decor: tuple[str, ...]
    ambient: Colour = (1.0, 1.0, 1.0)


_BLUE = ((94, 152, 214), (196, 222, 240))
_DUSK = ((116, 92, 140), (248, 178, 106))
_HAZE = ((176, 190, 200), (226, 226, 218))

HABITATS: dict[str, Habitat] = {
    "savanna": Habitat((_BLUE, _DUSK, _HAZE), ((196, 168, 96), (164, 128, 62)), ("hills", "acacias", "tufts")),
    "meadow": Habitat((_BLUE, _HAZE), ((136, 166, 86), (84, 124, 52)), ("hills", "bushes", "tufts")),
    "forest": Habitat(
        (((52, 88, 50), (112, 144, 80)), ((38, 62, 46), (88, 118, 76))),
        ((74, 92, 48), (46, 62, 34)),
        ("trunks", "leaves"),
    ),
    "desert": Habitat((_BLUE, _HAZE), ((224, 190, 136), (198, 154, 98)), ("hills", "rocks")),
    "snow": Habitat(
        (((150, 184, 214), (226, 236, 244)), _HAZE),
        ((236, 242, 248), (208, 222, 236)),
        ("bergs", "flakes"),
        (0.98, 1.0, 1.05),
    ),
    "shore": Habitat((_BLUE, _HAZE), ((86, 132, 160), (196, 186, 160)), ("bergs", "rocks")),
    "sky": Habitat((_BLUE, _HAZE, _DUSK), ((206, 220, 232), (190, 208, 224)), ("clouds",)),
    "night": Habitat(
        (((16, 22, 48), (50, 60, 98)),), ((36, 44, 52), (22, 28, 34)), ("moon", "trunks"), (0.62, 0.68, 0.86)
    ),
    "rock": Habitat((_HAZE, ((120, 112, 104), (152, 142, 130))), ((140, 128, 112), (112, 100, 86)), ("rocks", "rocks")),
    "bokeh": Habitat(
        (((92, 122, 70), (150, 166, 110)), ((120, 100, 76), (170, 150, 116)), ((84, 104, 116), (148, 160, 158))),
        ((120, 132, 86), (86, 98, 62)),
        ("lights",),
    ),
    "studio": Habitat(
        (((198, 202, 208), (232, 232, 230)), ((210, 180, 150), (236, 216, 190)), ((120, 150, 150), (188, 204, 198))),
        ((214, 212, 208), (186, 184, 180)),
        (),
    ),
}

_PLAINS = ("savanna", "savanna", "savanna", "meadow", "desert", "bokeh", "rock", "studio")
_WOODS = ("forest", "forest", "bokeh", "sky", "sky", "meadow", "studio")
HOMES: dict[str, tuple[str, ...]] = {
    "Lion": (*_PLAINS, "savanna"),
    "Tiger": ("forest", "forest", "meadow", "savanna", "snow", "bokeh", "rock", "studio"),
    "Leopard": (*_PLAINS, "forest", "forest", "night"),
    "Zebra": (*_PLAINS, "savanna"),
    "Giraffe": (*_PLAINS, "savanna"),
    "Elephant": (*_PLAINS, "forest"),
    "Rhinoceros": (*_PLAINS, "meadow"),
    "Eagle": (*_WOODS, "rock", "snow", "shore", "sky"),
    "Owl": (*_WOODS, "night", "night", "snow"),
    "Parrot": (*_WOODS, "forest"),
    "Penguin": ("snow", "snow", "shore", "shore", "rock", "studio", "bokeh"),
}
