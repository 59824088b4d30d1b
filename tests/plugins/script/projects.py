"""Public projects, rebuilt small: the layout of their files, and what their README says to run."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project.

    like: the public project whose layout it has. readme: the command of its README. words: the same for dressage.
    files: by path. printed: what the script prints. kept: files of the run, as they are listed. git: whether its
    .gitignore matters. inputs: files of the user's machine that are no part of the project.
    """

    like: str
    readme: str
    words: tuple[str, ...]
    files: dict[str, str]
    printed: str
    kept: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)


PROJECTS = (
    Project(
        like="pytorch/examples: mnist",
        readme="pip install -r requirements.txt; python main.py --epochs 1 --save-model",
        words=("./main.py", "--", "--epochs", "1", "--save-model"),
        files={
            "requirements.txt": "six\n",
            "main.py": (
                "import argparse, six\n"
                "parser = argparse.ArgumentParser()\n"
                "parser.add_argument('--epochs', type=int)\n"
                "parser.add_argument('--save-model', action='store_true')\n"
                "options = parser.parse_args()\n"
                "for epoch in range(options.epochs): print('Train Epoch:', epoch + 1)\n"
                "if options.save_model: open('mnist_cnn.pt', 'wb').write(b'weights')\n"
            ),
        },
        printed="Train Epoch: 1",
        kept=("work/mnist_cnn.pt",),
    ),
    Project(
        like="karpathy/nanoGPT",
        readme="python train.py config/train_shakespeare_char.py --max_iters=2",
        words=(
            "./train.py",
            "--include",
            "data/**/*.bin",
            "--",
            "config/train_shakespeare_char.py",
            "--max_iters=2",
        ),
        files={
            ".gitignore": "*.bin\n*.pt\n__pycache__/\n",
            "data/shakespeare_char/train.bin": "to be or not to be",
            "config/train_shakespeare_char.py": "out_dir = 'out-shakespeare-char'\nmax_iters = 5000\n",
            "configurator.py": (
                "import sys\n"
                "for arg in sys.argv[1:]:\n"
                "    if arg.startswith('--'): key, val = arg[2:].split('='); globals()[key] = int(val)\n"
                "    else: exec(open(arg).read())\n"
            ),
            "train.py": (
                "import os\n"
                "out_dir, max_iters = 'out', 10\n"
                "exec(open('configurator.py').read())\n"
                "text = open(os.path.join('data', 'shakespeare_char', 'train.bin')).read()\n"
                "os.makedirs(out_dir, exist_ok=True)\n"
                "for iter in range(max_iters): print(f'iter {iter}: loss {len(text) / (iter + 1):.4f}')\n"
                "open(os.path.join(out_dir, 'ckpt.pt'), 'w').write('weights')\n"
            ),
        },
        printed="iter 1: loss 9.0000",
        kept=("work/out-shakespeare-char/ckpt.pt",),
    ),
    Project(
        like="ultralytics/yolov5",
        readme="python train.py --data coco.yaml --epochs 1 --weights ''",
        words=("./train.py", "--", "--data", "coco.yaml", "--epochs", "1", "--weights", ""),
        files={
            "data/coco.yaml": "path: ../datasets/coco\n",
            "models/__init__.py": "",
            "models/yolo.py": "class Model: pass\n",
            "utils/__init__.py": "",
            "utils/general.py": (
                "from pathlib import Path\n"
                "ROOT = Path(__file__).resolve().parents[1]\n"
                "def check_file(name): return next(ROOT.rglob(name))\n"
            ),
            "train.py": (
                "import argparse, sys\n"
                "from pathlib import Path\n"
                "ROOT = Path(__file__).resolve().parents[0]\n"
                "if str(ROOT) not in sys.path: sys.path.append(str(ROOT))\n"
                "from models.yolo import Model\n"
                "from utils.general import check_file\n"
                "parser = argparse.ArgumentParser()\n"
                "parser.add_argument('--data'); parser.add_argument('--weights'); parser.add_argument('--epochs')\n"
                "opt = parser.parse_args()\n"
                "save_dir = ROOT / 'runs' / 'train' / 'exp' / 'weights'; save_dir.mkdir(parents=True)\n"
                "(save_dir / 'best.pt').write_text('weights')\n"
                "print('train: data', check_file(opt.data).name, 'weights', repr(opt.weights))\n"
            ),
        },
        printed="train: data coco.yaml weights ''",
        kept=("work/runs/train/exp/weights/best.pt",),
    ),
    Project(
        like="ashleve/lightning-hydra-template",
        readme="python src/train.py trainer=cpu",
        words=("src/train.py", "--root", ".", "--", "trainer=cpu"),
        files={
            ".project-root": "",
            "configs/trainer/cpu.yaml": "accelerator: cpu\n",
            "src/__init__.py": "",
            "src/utils/__init__.py": "def log(*words): print('[utils]', *words)\n",
            "src/train.py": (
                "import os, sys\n"
                "from pathlib import Path\n"
                "root = next(p for p in Path(__file__).resolve().parents if (p / '.project-root').exists())\n"
                "from src.utils import log\n"
                "group, name = sys.argv[1].split('=')\n"
                "log((root / 'configs' / group / f'{name}.yaml').read_text().strip())\n"
                "folder = Path('logs/train/runs/2026-11-30'); folder.mkdir(parents=True)\n"
                "(folder / 'train.log').write_text('done')\n"
                "assert Path.cwd() == root\n"
            ),
        },
        printed="[utils] accelerator: cpu",
        kept=("logs/train/runs/2026-11-30/train.log",),
    ),
    Project(
        like="google-research/vision_transformer",
        readme="python -m vit_jax.main --workdir=/tmp/vit --config=$(pwd)/vit_jax/configs/vit.py",
        words=("-m", "vit_jax.main", "--", "--workdir=checkpoints", "--config=vit_jax/configs/vit.py"),
        files={
            "vit_jax/__init__.py": "",
            "vit_jax/configs/__init__.py": "",
            "vit_jax/configs/vit.py": "def get_config(): return {'steps': 3}\n",
            "vit_jax/train.py": (
                "import pathlib\n"
                "def train_and_evaluate(config, workdir):\n"
                "    for step in range(config['steps']): print('step', step)\n"
                "    pathlib.Path(workdir).mkdir(); pathlib.Path(workdir, 'checkpoint_3').write_text('w')\n"
            ),
            "vit_jax/main.py": (
                "import runpy, sys\n"
                "from vit_jax import train\n"
                "flags = dict(word[2:].split('=') for word in sys.argv[1:])\n"
                "train.train_and_evaluate(runpy.run_path(flags['config'])['get_config'](), flags['workdir'])\n"
            ),
        },
        printed="step 2",
        kept=("work/checkpoints/checkpoint_3",),
    ),
    Project(
        like="drivendata/cookiecutter-data-science",
        readme="make train",
        words=("--include", "data/processed/*", "--", "make", "train"),
        files={
            ".gitignore": "/data/\n/models/*\n",
            "data/raw/big.csv": "not needed\n",
            "data/processed/train.csv": "1,2\n3,4\n",
            "Makefile": "train:\n\tpython -m project.modeling.train data/processed/train.csv models/model.pkl\n",
            "project/__init__.py": "",
            "project/modeling/__init__.py": "",
            "project/modeling/train.py": (
                "import pathlib, sys\n"
                "rows = pathlib.Path(sys.argv[1]).read_text().splitlines()\n"
                "pathlib.Path(sys.argv[2]).parent.mkdir(exist_ok=True)\n"
                "pathlib.Path(sys.argv[2]).write_text(str(len(rows)))\n"
                "print('trained on', len(rows), 'rows; raw data there:', pathlib.Path('data/raw').exists())\n"
            ),
        },
        printed="trained on 2 rows; raw data there: False",
        kept=("work/models/model.pkl",),
    ),
    Project(
        like="huggingface/pytorch-image-models",
        readme="./distributed_train.sh 2 --data-dir /imagenet --model resnet50",
        words=("./distributed_train.sh", "-i", "imagenet=../imagenet", "--", "2", "--data-dir", "{imagenet}"),
        files={
            "distributed_train.sh": (
                "#!/bin/bash\nNUM_PROC=$1\nshift\n"
                'for rank in $(seq $NUM_PROC); do\n  RANK=$rank python train.py "$@"\ndone\n'
            ),
            "timm/__init__.py": "__version__ = '1.0'\n",
            "train.py": (
                "import os, sys, timm\n"
                "print('rank', os.environ['RANK'], 'timm', timm.__version__, sorted(os.listdir(sys.argv[2])))\n"
            ),
        },
        inputs={"imagenet/n01440764.jpg": "fish"},
        printed="rank 2 timm 1.0 ['n01440764.jpg']",
    ),
    Project(
        like="mlflow/mlflow: examples/sklearn_elasticnet_wine",
        readme="python train.py 0.5 0.1",
        words=("./train.py", "--", "0.5", "0.1"),
        files={
            "wine-quality.csv": "quality\n5\n7\n",
            "train.py": (
                "import os, sys, mlflow\n"
                "rows = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'wine-quality.csv')).read()\n"
                "with mlflow.start_run():\n"
                "    mlflow.log_param('alpha', float(sys.argv[1])); mlflow.log_metric('rmse', 0.5)\n"
                "    print('Elasticnet model', sys.argv[1:], len(rows.split()))\n"
            ),
        },
        printed="Elasticnet model ['0.5', '0.1'] 3",
    ),
    Project(
        like="openai/baselines",
        readme="python -m baselines.run --alg=ppo2 --save_path=models/x",
        words=("-m", "baselines.run", "--env", "OPENAI_LOGDIR=logs/ppo", "--", "--alg=ppo2"),
        files={
            "setup.py": "from setuptools import setup\nsetup(name='baselines')\n",
            "baselines/__init__.py": "",
            "baselines/logger.py": (
                "import os\n"
                "def configure():\n"
                "    os.makedirs(os.environ['OPENAI_LOGDIR'])\n"
                "    open(os.path.join(os.environ['OPENAI_LOGDIR'], 'progress.csv'), 'w').write('reward\\n1\\n')\n"
            ),
            "baselines/ppo2/__init__.py": "",
            "baselines/ppo2/ppo2.py": "def learn(): return 'learned'\n",
            "baselines/run.py": (
                "import importlib, sys\n"
                "from baselines import logger\n"
                "alg = sys.argv[1].partition('=')[2]\n"
                "logger.configure()\n"
                "print(alg, importlib.import_module(f'baselines.{alg}.{alg}').learn())\n"
            ),
        },
        printed="ppo2 learned",
        kept=("logs/ppo/progress.csv",),
    ),
    Project(
        like="astral-sh/uv: a script with inline metadata",
        readme="uv run train.py",
        words=("./train.py",),
        files={
            "train.py": (
                "# /// script\n# requires-python = '>=3.11'\n# dependencies = ['six==1.16.0']\n# ///\n"
                "import six\nprint('six', six.__version__)\n"
            ),
        },
        printed="six 1.16.0",
    ),
)
