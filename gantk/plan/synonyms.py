"""What others call a setting or an option, and what it is called here."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from gantk.text import nearest

_SETTINGS = {
    "learning_rate": ("lr", "rate", "step_size", "alpha"),
    "batch_size": ("batch", "bs", "batchsize", "batch_size_per_gpu", "train_batch_size"),
    "steps": ("iterations", "iters", "iter", "n_iter", "niter", "num_steps", "max_steps", "total_steps"),
    "epochs": ("epoch", "n_epochs", "num_epochs", "max_epochs", "passes"),
    "size": ("image_size", "img_size", "imsize", "resolution", "res", "crop", "crop_size", "load_size", "patch_size"),
    "betas": ("beta", "beta1", "beta2", "b1", "b2", "momentum", "adam_betas"),
    "optimizer": ("opt", "optim"),
    "accumulate": ("accumulation", "grad_accum", "gradient_accumulation", "gradient_accumulation_steps"),
    "critic_steps": ("n_critic", "ncritic", "critic_iters", "critics", "d_steps", "disc_steps"),
    "schedule": ("scheduler", "lr_policy", "lr_schedule", "decay"),
    "decay_from": ("decay_epoch", "decay_start", "niter_decay"),
    "ema": ("ema_decay", "moving_average", "average"),
    "clip": ("grad_clip", "clip_grad", "max_grad_norm", "gradient_clip"),
    "flip": ("hflip", "mirror", "horizontal_flip"),
    "dequantize": ("dequantise", "dequantization", "dequantisation", "uniform_dequantization"),
    "shrink": ("upscale", "upscale_factor", "scale_factor", "sr_factor"),
    "jitter": ("crop_scale", "random_crop"),
    "generator.filters": ("filters", "ngf", "width", "channels", "base_channels", "features"),
    "discriminator.filters": ("ndf",),
    "generator.blocks": ("blocks", "n_blocks", "num_blocks", "n_residual_blocks", "res_blocks"),
    "discriminator.layers": ("layers", "n_layers", "n_layers_d"),
    "generator.dropout": ("dropout", "no_dropout"),
    "latent": ("nz", "z", "z_dim", "latent_dim", "latent_size", "noise"),
    "cycle": ("lambda", "lambda_a", "lambda_b", "lambda_cyc", "lambda_cycle", "cycle_weight"),
    "identity": ("lambda_identity", "lambda_id", "identity_weight"),
    "l1": ("lambda_l1", "l1_weight"),
    "pool": ("pool_size", "buffer_size"),
}
"""By the name of a setting or of an option that many parts have."""

_OPTIONS = {
    "--seed": ("seed", "random_seed", "manual_seed"),
    "--device": ("device", "gpu", "gpus", "gpu_ids", "cuda", "cpu", "accelerator"),
    "--workers": ("workers", "num_workers", "n_workers", "threads", "num_threads", "n_cpu"),
    "--precision": ("precision", "amp", "fp16", "bf16", "fp32", "mixed_precision", "half"),
    "--compile": ("compile",),
    "--channels-last": ("channels_last", "memory_format"),
    "--loss": ("loss", "gan_mode", "gan_loss", "adversarial_loss", "criterion"),
    "--normalization": ("normalization", "norm"),
    "--augmentation": ("augmentation", "augment", "aug", "augpipe", "diffaug", "diff_augment", "ada"),
    "--generator": ("generator", "netg", "model_g"),
    "--discriminator": ("discriminator", "netd", "critic", "model_d"),
    "--plugin": ("plugin", "plugins", "model", "method", "recipe", "algorithm"),
    "--data": ("data", "dataset", "dataroot", "data_dir", "data_path", "train_dir"),
    "--out": ("out", "output", "output_dir", "outdir", "name", "checkpoints_dir", "save_dir", "logdir", "run"),
    "--init": ("init", "pretrained", "weights", "load", "finetune"),
    "--resume": ("resume", "continue", "continue_train"),
    "--log-every": ("log_every", "log_interval", "print_freq", "print_every"),
    "--preview-every": ("preview_every", "sample_interval", "sample_every", "display_freq"),
    "--checkpoint-every": (
        "checkpoint_every",
        "save_every",
        "save_interval",
        "save_freq",
        "checkpoint_interval",
        "snap",
    ),
    "--evaluate-every": ("evaluate_every", "eval_every", "eval_interval", "eval_freq", "val_every", "validate_every"),
    "--metric": ("metric", "metrics", "eval_metric"),
    "--evaluate-images": ("evaluate_images", "eval_images", "eval_samples", "num_eval"),
    "--doctor": ("doctor", "diagnose", "diagnostics"),
    "--patience": ("patience", "early_stopping", "early_stop"),
    "--keep": ("keep", "keep_last", "max_to_keep"),
    "--skip-bad": ("skip_bad",),
    "--scale": ("scale", "preset"),
    "--direction": ("direction",),
    "--config": ("config", "cfg"),
    "--dry-run": ("dry_run",),
}
"""By the option of `gantk train`."""

_DIRECT = {"steps": "--steps", "size": "--size", "batch_size": "--batch-size"}
"""Settings that have an option of their own."""


def meant(name: str, known: Collection[str], listing: str = "") -> str:
    """Return what to append to an error about an unknown setting or option: what was meant, or what is known.

    `listing` is the command that lists what is known.
    """
    if close := get_close_matches(_plain(name), known, n=1, cutoff=0.85):
        return f"; did you mean {close[0]!r}?"
    if (setting := _named(name, _SETTINGS)) in known:
        return f"; did you mean {setting!r}?"
    if option := _named(name, _OPTIONS):
        return f"; say it by {option}"
    return nearest(name, known, listing)


def said_otherwise(option: str) -> str | None:
    """Return how to say what was meant by an option of the command line that there is not, where that is known."""
    if setting := _named(option, _SETTINGS):
        return _DIRECT.get(setting, f"-s {setting}=VALUE")
    return _named(option, _OPTIONS)


def _named(name: str, table: Mapping[str, Sequence[str]]) -> str | None:
    plain = _plain(name)
    return next((right for right, others in table.items() if plain == right or plain in others), None)


def _plain(name: str) -> str:
    return name.lower().lstrip("-").replace("-", "_")
