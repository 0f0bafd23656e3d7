"""What others report for networks on real images, to stand beside our figures.

Every figure and every statement on data and test was read in the abstract, on the page of the data set or in the
authors' code, and nothing else of a paper is used. What these do not say is NaN or "not said there".
"""

from typing import NamedTuple

import pandas as pd

NOT_SAID = "not said there"


class Study(NamedTuple):
    """One published result.

    Attributes:
        study: authors and year.
        source: link to what was read.
        images: sensor, and number of storms and images where stated.
        test: which storms the figure belongs to, and how they were set apart.
        rmse_kt: root-mean-square error in knots against a best track; NaN where there is none.
        rmse_better_kt: the same where aircraft had been in the storm, so that the label is better.
    """

    study: str
    source: str
    images: str
    test: str
    rmse_kt: float = float("nan")
    rmse_better_kt: float = float("nan")


STUDIES = (
    Study("Pradhan et al. (2018), Model 1", "https://doi.org/10.1109/TIP.2017.2766358", "satellite images", NOT_SAID),
    Study(
        "Chen, Chen, Lin (2018), the data set TCIR",
        "https://www.csie.ntu.edu.tw/~htlin/program/TCIR",
        "infrared, water vapour, visible, microwave rain; 1,285 storms, 70,501 frames, all oceans, 7/100 degree",
        NOT_SAID,
    ),
    Study(
        "Chen, Chen, Lin, Elsberry (2019)",
        "https://journals.ametsoc.org/waf/article/34/2/447/291",
        "infrared and microwave rain, place and time, smoothed over time; 1,097 storms of 2003 to 2014",
        "by year: 94 storms of 2017, all oceans",
        8.39,
        8.79,
    ),
    Study(
        "Wimmers, Velden, Cossuth (2019), DeepMicroNet",
        "https://doi.org/10.1175/MWR-D-18-0391.1",
        "microwave",
        "two years of their own",
        14.3,
        10.6,
    ),
    Study(
        "Deep-PHURIE (2020)",
        "https://doi.org/10.1007/s00521-019-04410-7",
        "infrared",
        NOT_SAID,
        8.82,
    ),
    Study("Lee et al. (2020)", "https://doi.org/10.3390/rs12010108", "several channels, geostationary", NOT_SAID, 8.32),
    Study(
        "Kitamoto et al. (2023), Digital Typhoon",
        "https://arxiv.org/abs/2311.02665",
        "infrared, 5 km; western North Pacific",
        "error of the pressure in hPa, in the authors' code",
    ),
    Study(
        "Mawatwal, Das (2024)",
        "https://doi.org/10.1007/s12524-024-01929-8",
        "infrared; North Indian Ocean, 2000 to 2022",
        "shares of all images, 70:15:15",
        16.2,
    ),
    Study("Dwivedi (2024), Deepti", "https://arxiv.org/abs/2404.07395", "NASA's competition", NOT_SAID, 13.62),
    Study("Dwivedi (2024), AlexNets", "https://arxiv.org/abs/2404.07395", "NASA's competition", NOT_SAID, 9.03),
)  # fmt: skip


def beside(ours: dict[str, float]) -> pd.DataFrame:
    """One table of our figures and theirs: columns study, images, test, rmse_kt, rmse_better_kt and source.

    Args:
        ours: RMSE in knots, for each of our tests by its name.
    """
    rows = [Study("this notebook", "", "synthetic infrared, 8 km", name, rmse) for name, rmse in ours.items()]
    return pd.DataFrame([*rows, *STUDIES])
