# The tools image, `tenancy.lifecycle.image`: what looks after tenants inside the cluster. From the project's folder:
#   docker build -f bootstrap/tools.Dockerfile -t REGISTRY/tools . && docker push REGISTRY/tools
FROM python:3.11-slim
WORKDIR /opt/tenantry
COPY requirements.lock ./
# Of what is locked, these programs import a driver and nothing else.
RUN awk '/^[a-z]/ { kept = /^(psycopg|psycopg-binary|typing-extensions)==/ } kept' requirements.lock >/tmp/tools.lock \
 && pip install --no-cache-dir --no-deps --require-hashes -r /tmp/tools.lock \
 && rm /tmp/tools.lock
# RDS's authorities, which connections verify.
ADD --chmod=444 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /etc/ssl/rds.pem
ENV PGSSLROOTCERT=/etc/ssl/rds.pem PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY infra/__init__.py infra/errors.py infra/naming.py infra/tenant_guard.py infra/
COPY infra/tenancy/ infra/tenancy/
USER 65532:65532
CMD ["python", "-m", "infra.tenancy.lifecycle"]
