/** What a transport binding demands of the connection: Envoy's business, which is said and not passed over. */

import type { Context } from './context.ts';

export function reportTransport({ side, requirements, findings }: Context): void {
  const { binding, supporting } = requirements;
  const https = supporting.map(({ token }) => token).find(({ kind }) => kind === 'HttpsToken');
  const token = binding?.kind === 'Transport' ? (binding.tokens.transport ?? https) : https;
  if (binding?.kind === 'Transport') {
    findings.note(
      'Elsewhere',
      binding.assertion.name,
      binding.assertion.place,
      side === 'client'
        ? "TLS protects the messages: Envoy must speak TLS to the service and check its certificate (BackendTLSPolicy, or the cluster's transport_socket)"
        : 'TLS protects the messages: the route must be on an HTTPS listener only',
    );
    const protection = [...requirements.input.signed, ...requirements.input.encrypted];
    if (protection.length > 0) {
      findings.note(
        'Elsewhere',
        'sp:SignedParts',
        binding.assertion.place,
        'parts that must be signed or encrypted are, by TLS (WS-SecurityPolicy §7.3)',
      );
    }
  }
  if (token === undefined) return;
  const { name, place } = token.assertion;
  if (token.kind !== 'HttpsToken') {
    findings.error('NotExpressible', name, place, 'is no token of a transport; ask the partner what it expects');
  }
  if (token.has('RequireClientCertificate')) {
    const message =
      side === 'client'
        ? 'Envoy must show the service a client certificate (BackendTLSPolicy, or the transport_socket of its cluster)'
        : 'the listener must demand a client certificate (ClientTrafficPolicy, or require_client_certificate)';
    findings.note('Elsewhere', 'sp:RequireClientCertificate', place, message);
  }
  for (const method of ['HttpBasicAuthentication', 'HttpDigestAuthentication']) {
    if (token.has(method)) {
      findings.error(
        'NotExpressible',
        `sp:${method}`,
        place,
        'HTTP authentication is not part of WS-Security; let Envoy or the application do it',
      );
    }
  }
}
