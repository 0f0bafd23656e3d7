"""TensorBoard without TensorFlow: it starts in 3 s instead of 13 and takes 80 MB instead of 730.

TensorBoard imports all of TensorFlow unless its module ``tensorboard.compat.notf`` exists.
Reading the curves, graphs and histograms of the course does not need it.
"""

import sys
import types

sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")

from absl import app  # noqa: E402 (after the line that they depend on)
from tensorboard import default, main_lib, program  # noqa: E402


class Server(program.WerkzeugServer):
    """TensorBoard's own server, which can listen on a Unix socket (``--host unix://PATH``) but not say so.

    TensorBoard enters the port of its address in a list of running ones; a socket has none.
    """

    def get_url(self) -> str:
        return "http://socket:0/" if self._host.startswith("unix://") else super().get_url()


if __name__ == "__main__":
    main_lib.global_init()
    board = program.TensorBoard(plugins=default.get_plugins(), server_class=Server)
    app.run(board.main, flags_parser=board.configure)
