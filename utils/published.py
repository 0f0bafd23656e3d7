"""Published values that more than one lab compares with.

The lid-driven cavity: a square box of side 1, whose upper wall moves at speed 1.

Sources:
    Ghia, Ghia and Shin (1982), doi:10.1016/0021-9991(82)90058-4, tables I, II and III: finite differences on
        129 by 129 points.
    Botella and Peyret (1998), doi:10.1016/S0045-7930(98)00002-4, tables 9 and 10: Reynolds number 1000 by a
        spectral method, to seven digits.
"""

import numpy as np

# Places on the centre lines: heights y on the vertical one, for the x-velocity, and x on the horizontal, for the y-velocity
CAVITY_Y = np.array(
    [0.9766, 0.9688, 0.9609, 0.9531, 0.8516, 0.7344, 0.6172, 0.5000, 0.4531, 0.2813, 0.1719, 0.1016, 0.0703, 0.0625, 0.0547]
)  # fmt: skip
CAVITY_X = np.array(
    [0.9688, 0.9609, 0.9531, 0.9453, 0.9063, 0.8594, 0.8047, 0.5000, 0.2344, 0.2266, 0.1563, 0.0938, 0.0781, 0.0703, 0.0625]
)  # fmt: skip
GHIA = {  # by Reynolds number: (2, 15), along CAVITY_Y and along CAVITY_X
    100: np.array([
        [0.84123, 0.78871, 0.73722, 0.68717, 0.23151, 0.00332, -0.13641, -0.20581, -0.21090, -0.15662, -0.10150, -0.06434, -0.04775, -0.04192, -0.03717],
        [-0.05906, -0.07391, -0.08864, -0.10313, -0.16914, -0.22445, -0.24533, 0.05454, 0.17527, 0.17507, 0.16077, 0.12317, 0.10890, 0.10091, 0.09233],
    ]),
    1000: np.array([
        [0.65928, 0.57492, 0.51117, 0.46604, 0.33304, 0.18719, 0.05702, -0.06080, -0.10648, -0.27805, -0.38289, -0.29730, -0.22220, -0.20196, -0.18109],
        [-0.21388, -0.27669, -0.33714, -0.39188, -0.51550, -0.42665, -0.31966, 0.02526, 0.32235, 0.33075, 0.37095, 0.32627, 0.30353, 0.29012, 0.27485],
    ]),
}  # fmt: skip
BOTELLA_PEYRET_1000 = np.array([
    [0.6644227, 0.5808359, 0.5169277, 0.4723329, 0.3372212, 0.1886747, 0.0570178, -0.0620561, -0.1081999, -0.2803696, -0.3885691, -0.3004561, -0.2228955, -0.2023300, -0.1812881],
    [-0.2279225, -0.2936869, -0.3553213, -0.4103754, -0.5264392, -0.4264545, -0.3202137, 0.0257995, 0.3253592, 0.3339924, 0.3769189, 0.3330442, 0.3099097, 0.2962703, 0.2807056],
])  # fmt: skip

# The primary vortex at Reynolds number 100: its centre (x, y) and the stream function there
GHIA_CENTRE, GHIA_STREAM = (0.6172, 0.7344), -0.103423
