"""What papers report, and the commands that repeat it.

Published numbers are those of the table that is named. `differs` says where data, length or parts are not the paper's.
"""

from protocol import Protocol

PACGAN = "Lin et al. 2018 (PacGAN), arXiv:1712.04086, table 1"
TOY = (
    "-s latent=2 -s generator.layers=4 -s generator.units=400 -s generator.output=linear "
    "-s generator.initial=normal -s generator.spread=0.02 -s batch_size=100 -s schedule=constant "
    "--normalization generator=batch"
)
MAXOUT = (
    "-s discriminator.layers=3 -s discriminator.units=200 -s discriminator.pieces=5 -s discriminator.dropout=0 "
    "-s discriminator.input_dropout=0 -s discriminator.initial=normal -s discriminator.spread=0.02"
)
ADAM = "-s optimizer=adam -s learning_rate=1e-4 -s betas=0.8,0.999"
MNIST = "--data mnist:{mnist} --scale paper --size 28"
FASHION = "--data fashion-mnist:{fashion} --scale paper --size 28"
DIGITS = "the paper has 60,000 digits to train and 10,000 to test: see the data"


def _modes(game: str, title: str, parts: str, differs: str, critic_moves: int = 1) -> list[Protocol]:
    """Return the protocol of mode coverage on the ring and on the grid for one game.

    A game in which the critic moves several times in a step has as many moves of it as PacGAN's code has steps.
    """
    published = {
        "ring-gan": {"modes": "6.3 ± 0.5", "high_quality": "98.2 ± 0.2", "reverse_kl": "0.45 ± 0.09"},
        "grid-gan": {"modes": "17.3 ± 0.8", "high_quality": "94.8 ± 0.7", "reverse_kl": "0.70 ± 0.07"},
        "ring-pacgan2": {"modes": "7.9 ± 0.1", "high_quality": "95.6 ± 2.0", "reverse_kl": "0.07 ± 0.03"},
        "grid-pacgan2": {"modes": "23.8 ± 0.7", "high_quality": "91.3 ± 0.8", "reverse_kl": "0.14 ± 0.04"},
    }
    return [
        Protocol(
            name=f"{shape}-{game}",
            question=shape,
            title=title,
            paper=PACGAN if game in ("gan", "pacgan2") else f"beside {PACGAN}: not in it",
            published=published.get(f"{shape}-{game}", {}),
            train=f"--plugin gan --data points:{shape} {TOY} {parts}",
            steps=400_000 // critic_moves,
            length="PacGAN's code: 400,000 moves of the critic" if critic_moves > 1 else "PacGAN's code",
            short=3_000 // critic_moves,
            evaluate=("--metric mode-coverage",),
            seeds=10,
            differs=differs,
        )
        for shape in ("ring", "grid")
    ]


def _norms(generator: str, normed: bool, critic: str) -> str:
    return f"--normalization generator={generator} --normalization discriminator={critic if normed else 'none'}"


PROTOCOLS = [
    *_modes(
        "gan",
        "GAN",
        f"--loss non-saturating {MAXOUT} {ADAM}",
        "players move in turn, PacGAN's at once",
    ),
    *_modes(
        "pacgan2",
        "GAN, packs of two",
        f"--loss non-saturating {MAXOUT} {ADAM} -s pack=2",
        "players move in turn, PacGAN's at once; a batch is 100 samples, 50 packs",
    ),
    *_modes(
        "lsgan", "LSGAN", f"--loss lsgan {MAXOUT} {ADAM}", "PacGAN's networks and optimizer with the least-squares game"
    ),
    *_modes(
        "wgan",
        "WGAN",
        f"--loss wgan {MAXOUT}",
        "PacGAN's networks with WGAN's game and optimizer; the generator moves once for five moves of the critic",
        critic_moves=5,
    ),
    *_modes(
        "wgan-gp",
        "WGAN-GP",
        f"--loss wgan-gp {MAXOUT}",
        "PacGAN's networks with WGAN-GP's game and optimizer; the generator moves once for five moves of the critic",
        critic_moves=5,
    ),
    *_modes(
        "sngan",
        "SNGAN",
        f"--loss hinge --normalization discriminator=spectral {MAXOUT} {ADAM}",
        "PacGAN's networks and optimizer with the hinge game and spectral norm",
    ),
    *_modes(
        "ebgan",
        "EBGAN",
        f"--loss ebgan --discriminator ebgan -s discriminator.spread=0.02 {ADAM}",
        "PacGAN's generator and optimizer with a smaller discriminator, an auto-encoder",
    ),
    Protocol(
        name="parzen-gan",
        question="parzen",
        title="GAN",
        paper="Goodfellow et al. 2014, arXiv:1406.2661, table 1",
        published={"log_likelihood": "225 ± 2"},
        train=f"--plugin gan {MNIST}",
        steps=100_000,
        short=3_000,
        evaluate=("--metric parzen",),
        differs=f"{DIGITS}; the bandwidth is chosen on images that were trained on",
    ),
    Protocol(
        name="parzen-cgan",
        question="parzen",
        title="Conditional GAN",
        paper="Mirza & Osindero 2014, arXiv:1411.1784, table 1",
        published={"log_likelihood": "132 ± 1.8"},
        train=f"--plugin cgan {MNIST}",
        steps=100_000,
        short=6_000,
        evaluate=("--metric parzen",),
        differs=f"{DIGITS}; no early stop; bandwidth as beside",
    ),
    Protocol(
        name="infogan-code",
        question="code",
        title="InfoGAN",
        paper="Chen et al. 2016, arXiv:1606.03657, section 7.2",
        published={"code_error": "5"},
        train=f"--plugin infogan {MNIST}",
        steps=5_000,
        length="authors' code",
        short=500,
        evaluate=("--metric code-error",),
        seeds=5,
        differs=f"{DIGITS}; deviations learned, as in the paper, and weighed by 0.1, which is our choice",
    ),
    Protocol(
        name="improved-gan-100",
        question="labels",
        title="Improved GAN, 100 labels",
        paper="Salimans et al. 2016, arXiv:1606.03498, table 1: 93 ± 6.5 of 10,000 digits",
        published={"code_error": "0.93 ± 0.07"},
        train=f"--plugin improved-gan {MNIST} -s labels=100",
        steps=180_000,
        length="authors' code, 300 passes over 60,000 digits",
        short=1_500,
        evaluate=("--metric code-error -s code-error.output=label",),
        seeds=10,
        differs=f"{DIGITS}; classes are matched to labels one to one, which can only lower the error",
    ),
    Protocol(
        name="bigan-nearest-neighbour",
        question="neighbour",
        title="BiGAN",
        paper="Donahue et al. 2016, arXiv:1605.09782, table 1",
        published={"accuracy of features": "97.39"},
        train=f"--plugin bigan {MNIST}",
        steps=187_500,
        length="authors' code, 400 passes over 60,000 digits",
        short=2_000,
        evaluate=("--metric one-nn --graph encoder", "--metric one-nn --graph features"),
        differs=f"{DIGITS}. By the authors' log the last hidden layer has 97.35, E(x) 92.10",
    ),
    Protocol(
        name="wgan-critic-estimate",
        question="estimate",
        title="WGAN",
        paper="Arjovsky et al. 2017, arXiv:1701.07875, figure 3: curves there, no number",
        train=f"--plugin wgan {FASHION} -s generator.filters=32 -s discriminator.filters=32",
        steps=100_000,
        short=1_000,
        evaluate=("--metric kid -s kid.images=200",),
        curve="note/critic_estimate",
        differs="Fashion-MNIST at 28 px instead of LSUN bedrooms, half of the width; KID where the paper looks",
    ),
    *(
        Protocol(
            name=f"hard-{architecture}-{game}",
            question="hard",
            title=f"{'DCGAN' if game == 'dcgan' else 'WGAN-GP'}, {network}",
            paper="beside Gulrajani et al. 2017, arXiv:1704.00028, figure 2: pictures there, no number",
            train=f"--plugin {game} {FASHION} --discriminator dcgan -s discriminator.filters=32 {parts} {norms}",
            steps=200_000,
            length="authors' code: 200,000 moves of the generator",
            short=300,
            evaluate=("--metric kid -s kid.images=200",),
            differs="Fashion-MNIST at 28 px instead of LSUN bedrooms at 64 px, half of the width; each game with noise "
            "(100 uniform numbers, 128 normal ones) and settings of its own, WGAN-GP's being those for CIFAR-10"
            "; batches of 128 and a constant rate for DCGAN, 64 and a rate that falls for WGAN-GP",
        )
        for architecture, network, parts, normed in (
            (
                "mlp-generator",
                "dense generator",
                "--generator gan -s generator.layers=4 -s generator.units=512 -s generator.initial=he "
                "-s generator.output=tanh",
                ("none", True),
            ),
            ("no-normalization", "no normalization", "--generator dcgan -s generator.filters=32", ("none", False)),
            (
                "tanh",
                "tanh everywhere",
                "--generator dcgan -s generator.filters=32 -s generator.activation=tanh "
                "-s discriminator.activation=tanh",
                ("batch", True),
            ),
        )
        for game, norms in (
            ("dcgan", _norms(*normed, "batch")),
            ("wgan-gp", _norms(*normed, "layer")),
        )
    ),
    *(
        Protocol(
            name=f"cogan-{of}",
            question="pairs",
            title=f"digits and their {words}",
            paper="Liu and Tuzel 2016 (CoGAN), arXiv:1606.07536, section 4",
            published={"pair_agreement": published},
            train=f"--plugin cogan {MNIST} -s data.view={of}",
            steps=25_000,
            length="the paper",
            short=300,
            evaluate=(f"--metric pair-agreement -s pair-agreement.of={of}",),
            seeds=5,
            differs=f"{DIGITS}; two pixels agree where both are brighter than the middle of their range, or neither",
        )
        for of, words, published in (("edges", "edges", "0.952"), ("negative", "negatives", "0.967"))
    ),
    *(
        Protocol(
            name=f"triple-gan-{labels}",
            question="labels",
            title=f"Triple-GAN, {labels} labels",
            paper="Li et al. 2017 (Triple-GAN), arXiv:1703.02291, table 1",
            published={"code_error": published},
            train=f"--plugin triple-gan {MNIST} -s labels={labels}",
            steps=600_000,
            length="the authors' code",
            short=300,
            evaluate=("--metric code-error -s code-error.output=label",),
            seeds=10,
            differs=f"{DIGITS}; classes are matched to labels, which leaves the error as it is where it is low",
        )
        for labels, published in ((20, "4.81 ± 4.95"), (50, "1.56 ± 0.72"), (100, "0.91 ± 0.58"), (200, "0.67 ± 0.16"))
    ),
    Protocol(
        name="ebgan-fashion",
        question="clothes",
        title="EBGAN",
        paper="Zhao et al. 2016, arXiv:1609.03126: pictures there, no number of this kind",
        train=f"--plugin ebgan {FASHION} -s loss.margin=0.36 -s loss.pulling_away=0.0036",
        steps=100_000,
        short=600,
        evaluate=("--metric kid -s kid.images=200",),
        differs="Fashion-MNIST, with the margin and the pulling-away term that the paper has for MNIST",
    ),
    Protocol(
        name="vaegan-fashion",
        question="clothes",
        title="VAE-GAN",
        paper="Larsen et al. 2015, arXiv:1512.09300: CelebA there",
        train=f"--plugin vaegan {FASHION}",
        steps=62_500,
        length="authors' code, for CelebA",
        short=600,
        evaluate=("--metric kid --metric ssim -s kid.images=200",),
        differs="Fashion-MNIST",
    ),
    Protocol(
        name="vae-fashion",
        question="clothes",
        title="VAE",
        paper="beside Larsen et al. 2015, arXiv:1512.09300: a plain VAE of the same size",
        train=f"--plugin vae {FASHION}",
        steps=62_500,
        length="authors' code, for CelebA",
        short=600,
        evaluate=("--metric kid --metric ssim -s kid.images=200",),
        differs="Fashion-MNIST",
    ),
]
