# Voice Studio in a container; docs/self_hosting.md says how it is run.
FROM python:3.12-slim AS built
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt ./
# For NVIDIA cards --build-arg CUDA=cu130, or another of PyTorch's builds that suits the driver: some gigabytes more.
ARG CUDA=cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/${CUDA}
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep -o '^torch==[0-9.]*' requirements.txt)" \
    && /venv/bin/pip install --no-cache-dir -r requirements.txt
COPY pyproject.toml README.md LICENSE app.py ./
COPY examples examples
COPY vc_core vc_core
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .

FROM python:3.12-slim
RUN useradd --uid 1000 --create-home studio && install -d -o studio -g studio /data
COPY --from=built /venv /venv
COPY --from=built /app /app
WORKDIR /app
USER studio
# What shall outlive the container is in /data.
ENV PATH=/venv/bin:$PATH \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/data/results \
    HF_HOME=/data/huggingface \
    VOICE_STUDIO_HOME=/data/studio
VOLUME /data
EXPOSE 7860
HEALTHCHECK --start-period=60s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:7860/healthz', timeout=5)"]
CMD ["python", "app.py"]
