/** What Envoy knows of a client beyond its message, by the names that Envoy has for it, and which policies need it. */

/** Attributes of the client's certificate in TLS. */
export const PEER_CERTIFICATE = {
  subject: 'connection.subject_peer_certificate',
  uri: 'connection.uri_san_peer_certificate',
  dns: 'connection.dns_san_peer_certificate',
  sha256: 'connection.sha256_peer_certificate_digest',
} as const;
/** Where the `jwt_authn` filter leaves the claims of the tokens that it has verified. */
export const JWT_NAMESPACE = 'envoy.filters.http.jwt_authn';

/** What a policy needs Envoy to send. */
export interface ConnectionData {
  readonly certificate: boolean;
  readonly claims: boolean;
}
export const NO_CONNECTION_DATA: ConnectionData = { certificate: false, claims: false };

/** Attributes that Envoy sends with a request: the address of the client for every policy. */
export function requestAttributes({ certificate }: ConnectionData): string[] {
  return ['source.address', ...(certificate ? Object.values(PEER_CERTIFICATE) : [])];
}

/** Namespaces of metadata that Envoy sends with a request. */
export function metadataNamespaces({ claims }: ConnectionData): string[] {
  return claims ? [JWT_NAMESPACE] : [];
}

/** Read so that no shape of the object can upset it. @param spec of a WSSecurityPolicy */
export function connectionDataOf(spec: unknown): ConnectionData {
  const saml = at(at(at(spec, 'request'), 'secure'), 'saml');
  const attributes = at(saml, 'attributes');
  const sources = [at(saml, 'subject'), ...(Array.isArray(attributes) ? (attributes as unknown[]) : [])].map((item) =>
    at(item, 'source'),
  );
  return { certificate: sources.includes('Certificate'), claims: sources.includes('Claim') };
}

function at(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
