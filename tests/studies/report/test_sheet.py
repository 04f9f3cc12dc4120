import numpy as np

from studies.report.sheet import GAP, contact_sheet


def test_rows_show_original_held_generated_and_difference() -> None:
    original = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 6, 3), np.uint8)
    received = original + np.uint8(10)
    origins = ("sent", "sent", "generated", "generated", "sent")
    sheet = contact_sheet(original, received, origins)
    assert sheet.shape == (4 * 8 + 3 * GAP, 2 * 6 + GAP, 3)
    corners = sheet[:: 8 + GAP, :: 6 + GAP, 0]
    assert corners.tolist() == [[2, 3], [11, 11], [12, 13], [158, 158]]
    whole = contact_sheet(original, received, ("generated",) * 5)
    assert whole.shape == (3 * 8 + 2 * GAP, 5 * 6 + 4 * GAP, 3)
    assert whole[:: 8 + GAP, 0, 0].tolist() == [0, 10, 158]
    assert contact_sheet(original, received, ("sent",) * 5) is None
    assert contact_sheet(original, received, ("held",) * 5) is None
