"""Metrics of how close a received clip is to the one sent.

TensorFlow, TensorFlow-GAN, pesq, pystoi and what runs the face mesh are imported when first
measured with, so that the names of metrics can be checked at once.
"""

from linksim.metrics.registry import METRICS, evaluate
from linksim.metrics.value import Metric, MetricValue

__all__ = ["METRICS", "Metric", "MetricValue", "evaluate"]
