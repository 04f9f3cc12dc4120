import numpy as np

from baselines.digital import pcm


def test_pcm_round_trip_is_exact():
    samples = np.random.default_rng(0).integers(-32768, 32768, 950)
    audio = (samples / 32768).astype(np.float32)
    packets = dict(enumerate(pcm.packetise(audio, 100)))
    assert len(packets) == 10
    np.testing.assert_array_equal(pcm.conceal(packets, 950, 100, 16_000), audio)


def test_a_lost_packet_repeats_the_last_one_more_softly():
    sent = np.linspace(-0.5, 0.5, 3000).astype(np.float32)
    packets = dict(enumerate(pcm.packetise(sent, 100)))
    for index in range(2, 20):
        del packets[index]
    heard = pcm.conceal(packets, 3000, 100, 16_000)
    gap, last = heard[200:2000], heard[100:200]
    np.testing.assert_array_equal(gap[:160], np.tile(last, 2)[:160])  # 10 ms at full level
    np.testing.assert_allclose(gap[480], 0.6 * last[80], rtol=1e-5)  # 30 ms: 1 - 2 * 0.2
    assert not gap[960:].any()  # 60 ms
    assert gap[:960].any()
    np.testing.assert_array_equal(heard[2000:], pcm.conceal(packets, 3000, 100, 16_000)[2000:])
    np.testing.assert_allclose(heard[2000:], sent[2000:], atol=1 / 65536)


def test_sound_lost_from_the_start_is_silence():
    packets = dict(enumerate(pcm.packetise(np.full(500, 0.5, np.float32), 100)))
    del packets[0]
    heard = pcm.conceal(packets, 500, 100, 16_000)
    assert not heard[:100].any()
    assert (heard[100:] == 0.5).all()
