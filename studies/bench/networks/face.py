"""The networks that find a face, and what they compute."""

from linksim.media.faces.mesh import VIEWS
from linksim.media.faces.networks import DETECTOR, MESH, installed, network_file
from studies.bench.networks.network import Network
from studies.bench.networks.tflite import tflite_size


def face_networks(fps: float) -> list[Network]:
    """Count detector and mesh as the gate runs them on each frame, with the most views.

    Parameters
    ----------
    fps : float
        Frames per second.

    Returns
    -------
    list of Network
        Detector and mesh; without the extra ``clip`` nothing is known of either.
    """
    found = []
    for name, file, runs in (("face detector", DETECTOR, 1), ("face mesh", MESH, VIEWS)):
        parameters = macs = None
        if installed():
            parameters, once = tflite_size(network_file(file))
            macs = runs * once * fps
        found.append(Network(codec="gate", name=name, parameters=parameters, transmitter=macs))
    return found
