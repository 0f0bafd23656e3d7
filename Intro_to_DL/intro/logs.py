"""What Keras wrote for TensorBoard, as a table."""

from pathlib import Path

import pandas as pd


def read_tensorboard(folder: Path) -> pd.DataFrame:
    """Curves per epoch from the event files that Keras wrote for TensorBoard.

    Args:
        folder: of one run; holds ``train`` and ``validation``.

    Returns:
        Columns loss, accuracy, val_loss, val_accuracy, ...; one row per epoch. Where a run was
        interrupted or repeated, the newest file has the last word. Empty if there is no log.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    columns: dict[str, dict[int, float]] = {}
    for part, prefix in (("train", ""), ("validation", "val_")):
        for path in sorted((Path(folder) / part).glob("events.out.tfevents.*")):
            events = EventAccumulator(str(path), size_guidance={"tensors": 0})
            events.Reload()
            for tag in events.Tags()["tensors"]:
                if tag.startswith("epoch_"):
                    column = columns.setdefault(prefix + tag.removeprefix("epoch_"), {})
                    column.update({e.step: float(make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)})
    return pd.DataFrame(columns).sort_index()
