import numpy as np
import pytest
from scipy import stats

from linksim.errors import LinksimError
from linksim.streams.range_coder import LIMIT, Categorical, Gaussian, Laplace, decode, encode

FAMILIES = {Gaussian: stats.norm, Laplace: stats.laplace}


def draw(family: type, shape: tuple[int, ...], scale: float, seed: int = 0):
    """Return symbols and the model that they were drawn from, with a mean for each."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, 3, shape)
    scales = scale * rng.uniform(0.5, 2, shape)
    distribution = FAMILIES[family](mean, scales)
    drawn = distribution.rvs(size=shape, random_state=rng)
    return np.clip(np.round(drawn), -LIMIT, LIMIT).astype(int), family(mean, scales)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "shape", [(), (0,), (1,), (7,), (3, 0, 2), (4, 5), (2, 3, 4, 5), (10_000,)]
)
@pytest.mark.parametrize("scale", [0.05, 1.0, 30.0])
def test_round_trip(family, shape, scale):
    symbols, model = draw(family, shape, scale)
    decoded = decode(encode(symbols, model), shape, model)
    assert decoded.dtype == np.int32
    np.testing.assert_array_equal(decoded, symbols)
    assert decoded.shape == shape


def test_short_messages_of_every_length():
    for seed in range(2000):  # ends that happen to be zeros are cut off and put back
        symbols, model = draw(Laplace, (1 + seed % 9,), 2.0, seed)
        np.testing.assert_array_equal(decode(encode(symbols, model), symbols.shape, model), symbols)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0, 200.0])
@pytest.mark.parametrize("count", [10, 1000, 100_000])
def test_size_is_the_models_code_length(family, scale, count):
    symbols, model = draw(family, (count,), scale)
    cumulative = FAMILIES[family](model.mean, model.scale).cdf
    ideal = -np.sum(np.log2(cumulative(symbols + 0.5) - cumulative(symbols - 0.5))) / 8
    assert ideal - 1 <= len(encode(symbols, model)) <= 1.02 * ideal + 5


def test_size_with_a_table():
    rng = np.random.default_rng(0)
    table = rng.dirichlet([0.3] * 6, 5000)
    symbols = (table.cumsum(1) < rng.random((5000, 1))).sum(1)
    data = encode(symbols, Categorical(table))
    ideal = -np.sum(np.log2(table[np.arange(5000), symbols])) / 8
    assert ideal - 1 <= len(data) <= 1.02 * ideal + 5
    np.testing.assert_array_equal(decode(data, (5000,), Categorical(table)), symbols)


def test_one_table_for_all_and_one_for_each_column():
    rng = np.random.default_rng(1)
    symbols = rng.integers(0, 4, (50, 3))
    for table in (np.array([1.0, 2, 3, 4]), rng.uniform(0.1, 1, (3, 4)), np.array([1.0, 0, 0, 0])):
        model = Categorical(table)
        np.testing.assert_array_equal(decode(encode(symbols, model), (50, 3), model), symbols)


def test_a_better_model_takes_fewer_bytes():
    symbols, model = draw(Gaussian, (2000,), 2.0)
    size = len(encode(symbols, model))
    for scale in (0.3, 3.0):
        assert len(encode(symbols, Gaussian(model.mean, scale * model.scale))) > 1.1 * size
    assert len(encode(symbols, Gaussian(0.0, model.scale))) > 1.1 * size


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e-3, 1e3, 1e9, 1e300])
@pytest.mark.parametrize("mean", [0.0, 0.5, LIMIT, -1e9, 1e300])
def test_extreme_models_still_code_every_symbol(family, scale, mean):
    symbols = np.array([0, LIMIT, -LIMIT, 1, -1])
    model = family(mean, scale)
    data = encode(symbols, model)
    assert len(data) <= 3 * len(symbols) + 4
    np.testing.assert_array_equal(decode(data, (5,), model), symbols)


def test_certain_symbols_cost_almost_nothing():
    assert len(encode(np.zeros(10_000, int), Laplace(0.0, 1e-3))) <= 10_000 * 0.0008 / 8 + 4


def test_same_input_same_bytes():
    symbols, model = draw(Laplace, (300,), 3.0)
    assert encode(symbols, model) == encode(symbols.copy(), Laplace(model.mean, model.scale))


@pytest.mark.parametrize("family", [*FAMILIES, Categorical])
def test_damaged_data_is_refused_or_decodes_to_something(family):
    rng = np.random.default_rng(3)
    for seed in range(300):
        count = 1 + seed % 40
        if family is Categorical:
            model, low, high = Categorical(rng.dirichlet([0.5] * 5, count)), 0, 4
            symbols = rng.integers(0, 5, count)
        else:
            symbols, model = draw(family, (count,), 4.0, seed)
            low, high = -LIMIT, LIMIT
        data = encode(symbols, model)
        damaged = [
            data[: rng.integers(0, len(data))],
            rng.bytes(len(data)),
            data + b"\xff" * 9,
            b"",
        ]
        for wrong in damaged:
            try:
                decoded = decode(wrong, (count,), model)
            except LinksimError as error:
                assert "damaged" in str(error)  # noqa: PT017
                continue
            assert decoded.shape == (count,)
            assert low <= decoded.min() <= decoded.max() <= high


def test_what_cannot_be_coded_is_refused():
    model = Gaussian(0.0, 1.0)
    with pytest.raises(LinksimError, match="whole numbers, not float64"):
        encode(np.array([1.0]), model)
    with pytest.raises(LinksimError, match="between -4095 and 4095"):
        encode(np.array([LIMIT + 1]), model)
    with pytest.raises(LinksimError, match="between 0 and 1"):
        encode(np.array([2]), Categorical(np.array([0.5, 0.5])))
    for fit in (Gaussian(np.zeros(3), 1.0), Laplace(0.0, np.ones(3)), Categorical(np.ones((3, 2)))):
        with pytest.raises(LinksimError, match=r"does not fit .* of shape \(2"):
            encode(np.zeros(2, int), fit)
        with pytest.raises(LinksimError, match="does not fit"):
            decode(b"1234", (2,), fit)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_bad_scales_are_refused(family, scale):
    with pytest.raises(LinksimError, match="scale must be finite and above 0"):
        family(0.0, np.array([1.0, scale]))
    with pytest.raises(LinksimError, match="mean holds NaN"):
        family(np.nan, 1.0)


@pytest.mark.parametrize("table", [[1.0], [0.0, 0.0], [-0.1, 1.1], [np.nan, 1.0]])
def test_bad_tables_are_refused(table):
    with pytest.raises(LinksimError, match="probabilities"):
        Categorical(np.array(table))
