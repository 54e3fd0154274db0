"""The doorward.yaml that the demo runs with. It is written to a folder of its own, to be read and played with."""

from __future__ import annotations

from demo.applications import audience
from demo.ports import Ports


def doorward_yaml(ports: Ports) -> str:
    """The file's text."""
    return f"""\
# Made by `make demo`. Change it and send the door a SIGHUP, or start over with `make demo`.
organization:
  name: Example Company
  auth_domain: login.localhost
  session_duration: 24h
  login_design:
    header_text: One login for everything we run
    footer_text: This is a demo on your own machine. Nothing leaves it.

listen:
  address: 127.0.0.1
  http: {ports.door}
public:
  scheme: http
  port: {ports.door}
status: {{address: 127.0.0.1, port: {ports.status}}}
store: sqlite:doorward.db

mail:
  host: 127.0.0.1
  port: {ports.smtp}
  security: none
  sender: Example Company <door@example.test>

ingress:
  - {{hostname: wiki.localhost, service: "http://127.0.0.1:{ports.applications}"}}
  - {{hostname: metrics.localhost, service: "http://127.0.0.1:{ports.applications}"}}
  - {{hostname: payroll.localhost, service: "http://127.0.0.1:{ports.applications}"}}

identity_providers:
  - name: Demo directory
    type: oidc
    config:
      issuer: http://127.0.0.1:{ports.directory}
      client_id: doorward-demo
      client_secret: not-a-secret
      scopes: [openid, email, profile]
      claims: [department]
  - name: Email code
    type: onetimepin

groups:
  - name: Staff
    include:
      - email_domain: {{domain: example.test}}

applications:
  - name: Wiki
    type: self_hosted
    domain: wiki.localhost
    aud: {audience("wiki.localhost")}
    policies:
      - name: Staff
        decision: allow
        include: [{{group: {{id: Staff}}}}]
  - name: Metrics
    type: self_hosted
    domain: metrics.localhost
    aud: {audience("metrics.localhost")}
    policies:
      - name: Staff
        decision: allow
        include: [{{group: {{id: Staff}}}}]
  - name: Payroll
    type: self_hosted
    domain: payroll.localhost
    aud: {audience("payroll.localhost")}
    custom_deny_message: Payroll is for the people of the payroll team.
    policies:
      - name: Payroll team only
        decision: allow
        include: [{{email: {{email: paula@example.test}}}}]
"""
