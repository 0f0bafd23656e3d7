"""The D2Q9 lattice: nine velocities, their weights, and the equilibrium.

Cells are 1 apart and a step takes 1: lattice units. Arrays are indexed [y, x]. Populations are kept
as their difference from the fluid at rest, f - w, because float32 then keeps three more digits of
the velocity; and the density is constant in the momentum (He and Luo 1997,
doi:10.1023/B:JOSS.0000015179.12689.e4), so a steady flow obeys the incompressible equations.
"""

import numpy as np

# D2Q9: at rest, along the axes, along the diagonals. The weights are the only ones with which mass, momentum and
# stress come out isotropic (Qian, d'Humieres and Lallemand 1992, doi:10.1209/0295-5075/17/6/001).
VELOCITY_X = np.array([0, 1, 0, -1, 0, 1, -1, -1, 1])
VELOCITY_Y = np.array([0, 0, 1, 0, -1, 1, 1, -1, -1])
WEIGHTS = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
OPPOSITE = np.array([0, 3, 4, 1, 2, 7, 8, 5, 6])
SOUND_SPEED = 1 / np.sqrt(3)  # in cells a step


def equilibrium(density: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Populations of a fluid in local equilibrium, minus the weights.

    Args:
        density: (ny, nx), about 1.
        velocity: (ny, nx, 2), x and y, in cells a step.

    Returns:
        (9, ny, nx) f - w, second order in the velocity.
    """
    along = (
        VELOCITY_X[:, None, None] * velocity[None, ..., 0]
        + VELOCITY_Y[:, None, None] * velocity[None, ..., 1]
    )
    square = np.square(velocity).sum(-1)
    # 3 = 1 / c^2, 4.5 = 1 / (2 c^4), 1.5 = 1 / (2 c^2) with the speed of sound c (Krueger et al. 2017, eq. 3.4)
    return WEIGHTS[:, None, None] * (density - 1 + 3 * along + 4.5 * along**2 - 1.5 * square)


def relaxation_rates(viscosity: float, magic: float | None = 3 / 16) -> tuple[float, float]:
    """Rates of the two-relaxation-time collision (Ginzburg, Verhaeghe and d'Humieres 2008).

    Args:
        viscosity: kinematic, in cells squared a step.
        magic: (1/even - 1/2)(1/odd - 1/2), which fixes where the walls are: with 3/16 a half-way
            wall of a straight channel is exactly half-way. None gives both rates one value (BGK).

    Returns:
        Rate of the even part of the populations (it sets the viscosity), and of the odd part.

    Raises:
        ValueError: the viscosity or the magic number is not positive.
    """
    if not viscosity > 0 or (magic is not None and not magic > 0):
        raise ValueError(f"Viscosity ({viscosity}) and magic number ({magic}) must be positive.")
    half_time = 3 * viscosity  # relaxation time minus 1/2: viscosity = c^2 (time - 1/2)
    even = 1 / (half_time + 0.5)
    return even, even if magic is None else 1 / (magic / half_time + 0.5)
