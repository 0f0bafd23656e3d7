"""Settings from which matrices, links or sizes were computed cannot change in silence."""

import numpy as np
import pytest
import torch

from cyclone.imagery import Renderer
from flow import shapes
from flow.solver import Simulation, channel_inflow
from flow.solver_gpu import BatchSimulation
from pinn import geometry
from pinn.architectures import Siren
from pinn.chip import Chip
from pinn.domain import Domain
from pinn.local_networks import CornerMode, LocalNetworks, ParameterizedNetworks
from pinn.networks import FullyConnected
from pinn.points import line

SOLID = np.zeros((8, 12), bool)
OBJECTS = {
    "local networks": (
        lambda: LocalNetworks(Chip(), 4),
        (
            "chip",
            "width",
            "viscosity",
            "seed",
            "corner_power",
            "momentum_weight",
            "x_cuts",
            "y_cuts",
            "modes",
        ),
    ),
    "corner mode": (lambda: CornerMode((0, 0), 0.0, 0, 0.1), ("viscosity", "corner", "q")),
    "family": (
        lambda: ParameterizedNetworks((0.4, 0.6), (0.8, 1.2), (2, 2), 4),
        ("heights", "widths", "width", "seed"),
    ),
    "circle": (lambda: geometry.Circle((0, 0), 1), ("radius", "center", "bounds", "measure")),
    "rectangle": (lambda: geometry.Rectangle((0, 0), (1, 1)), ("bounds", "measure")),
    "polygon": (lambda: geometry.Triangle([(0, 0), (1, 0), (0, 1)]), ("corners",)),
    "cylinder": (lambda: geometry.Cylinder((0, 0, 0), 1, 1), ("radius", "height")),
    "line": (lambda: geometry.Line((0, 0), (1, 0)), ("start", "stop")),
    "union": (lambda: geometry.Circle((0, 0), 1) + geometry.Circle((1, 0), 1), ("first", "second")),
    "moved": (lambda: geometry.Circle((0, 0), 1).translate((1, 0)), ("offset", "factor", "part")),
    "simulation": (lambda: Simulation(SOLID, 0.1), ("solid",)),
    "simulations": (
        lambda: BatchSimulation(SOLID[None], 0.1, channel_inflow(8, 0.1), device="cpu"),
        ("solid", "device"),
    ),
    "renderer": (lambda: Renderer(16), ("num_pixels", "width_km")),
    "body": (lambda: shapes.Ellipse((0, 0), (1, 1)), ("center", "semi_axes")),
    "bent body": (lambda: shapes.box(1, 1), ("vertices",)),
}


@pytest.mark.parametrize(("make", "names"), OBJECTS.values(), ids=OBJECTS)
def test_a_setting_that_was_used_is_not_set_again(make, names):
    thing = make()
    for name in names:
        with pytest.raises(
            AttributeError, match=rf"`{name}` of this \w+ stays as it is|cannot assign to field"
        ):
            setattr(thing, name, getattr(thing, name))


def test_settings_of_local_networks_act_where_they_are_given():
    residuals = {}
    for name, options in {
        "default": {},
        "power": {"corner_power": 2.0},
        "weight": {"momentum_weight": 1.0},
    }.items():
        nets = LocalNetworks(Chip(), 4, **options)
        nets.step()
        residuals[name] = nets.step()[1]
    assert len(set(residuals.values())) == 3
    assert LocalNetworks(Chip(0.4), 4).momentum_weight == pytest.approx(0.6)
    nets.weights = torch.zeros_like(nets.weights)


def test_a_body_that_is_drawn_later_does_not_spoil_a_simulation():
    solid = SOLID.copy()
    inflow = channel_inflow(8, 0.1)
    simulations = (
        Simulation(solid, 0.1, inflow=inflow, outlet=True),
        BatchSimulation(solid[None], 0.1, inflow, device="cpu"),
    )
    before = [simulation.velocity().copy() for simulation in simulations]
    solid[2:4, 3:5] = True
    for simulation, velocity in zip(simulations, before, strict=True):
        assert not np.asarray(simulation.solid).any()
        np.testing.assert_array_equal(simulation.velocity(), velocity)
    with pytest.raises(ValueError, match="read-only"):
        simulations[0].solid[2, 3] = True


def test_a_frequency_set_later_takes_effect():
    net = Siren(("x",), ("u",), {"x": (0, 1)}, width=4, depth=1, frequency=5.0)
    domain = Domain([net])
    before = domain.predict(line("x", 0, 1, 5), "u")
    net.frequency = 9.0
    assert not torch.allclose(domain.predict(line("x", 0, 1, 5), "u"), before)


def test_the_points_follow_the_numbers_of_a_domain():
    domain = Domain([FullyConnected(("x",), ("u",), {"x": (0, 1)}, 3, 1)])
    domain.theta = domain.theta.float()
    assert domain.predict(line("x", 0, 1, 5), "u").dtype == torch.float32
    with pytest.raises(AttributeError):
        domain.dtype = torch.float64
