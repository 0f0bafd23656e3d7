"""A body and a Reynolds number, answered by a network and by the solver in the time between two moves of a slider."""

from dataclasses import dataclass

import keras
import numpy as np

from flow import fields, shapes, solver

NY, NX = 64, 128  # of the network; the solver takes half as many cells each way
CENTER = (0.6, 0.5)  # of the body, in channel heights


@dataclass(frozen=True)
class Answers:
    """One body, answered twice.

    Attributes:
        scene: the body.
        network: (64, 128, 2) velocity in u_max, zero in the body.
        solver: (32, 64, 2) velocity in u_max, zero in the body.
        steady: whether the solver's flow came to rest.
    """

    scene: shapes.Scene
    network: np.ndarray
    solver: np.ndarray
    steady: bool

    @property
    def difference(self) -> float:
        """Length of the difference of both, relative to the solver's flow, where both have fluid."""
        mean = fields.block_means(self.network, 2)
        fluid = (shapes.signed_distance(self.scene, NY // 2, NX // 2) > 1)[..., None]
        return float(np.linalg.norm(fluid * (mean - self.solver)) / np.linalg.norm(fluid * self.solver))


def answers(network: keras.Model, height: float, tilt_deg: float, reynolds: float) -> Answers:
    """The flow around an ellipse by a network, and by the solver on a grid half as fine.

    Args:
        network: from signed distance (ny, nx, 1) in cells to velocity in u_max.
        height: of the ellipse across the channel before it is turned, in channel heights; its length is 0.3.
        tilt_deg: by which it is turned.
        reynolds: of the channel, for the solver; the network has no input for it.
    """
    body = shapes.Ellipse((0.0, 0.0), (0.15, height / 2)).moved(CENTER, 1.0, np.deg2rad(tilt_deg))
    scene: shapes.Scene = (body,)
    fine = shapes.signed_distance(scene, NY, NX)
    coarse = shapes.signed_distance(scene, NY // 2, NX // 2)
    found = solver.solve_steady(coarse < 0, distance=coarse, reynolds=reynolds)
    given = np.asarray(network.predict_on_batch(fine[None, ..., None]))[0]
    return Answers(scene, given, found.velocity / np.float32(0.1), found.converged)
