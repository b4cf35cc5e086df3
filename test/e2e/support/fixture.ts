/** Keys, manifests and messages that the end to end tests share. */

import { createAuthority } from '../../../scripts/local/certificates.ts';
import { SOAP11 } from '../../../examples/demo/names.ts';
import { openMessage } from '../../../examples/demo/open-message.ts';
import { protectMessage } from '../../../examples/demo/protect-message.ts';
import type { ProtectOptions } from '../../../examples/demo/protect-message.ts';
import type { Answer } from './recorder.ts';

export const authority = createAuthority('E2E CA');
export const ca = authority.certificate;
export const gateway = authority.issue('gateway');
export const backend = authority.issue('backend');
export const client = authority.issue('client');
export const expired = authority.issue('expired', -1);
/** Issued by another authority of the same name. */
export const stranger = createAuthority('E2E CA').issue('client');

/** Lets 8 MB through after they have been encrypted and written in base64. */
export const MAX_BODY = 12_582_912;

export function policy(name: string, spec: object): object {
  return {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name, namespace: 'e2e' },
    spec,
  };
}

export function secret(name: string, stringData: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'e2e' }, stringData };
}

export const GATEWAY_KEYS = secret('gateway-keys', { 'tls.crt': gateway.certificate, 'tls.key': gateway.key });
export const KEYS: readonly object[] = [
  GATEWAY_KEYS,
  secret('backend-cert', { 'tls.crt': backend.certificate }),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca', namespace: 'e2e' }, data: { 'ca.crt': ca } },
];

const trustRefs = [{ kind: 'ConfigMap', name: 'ca', key: 'ca.crt' }];
const keyRef = { name: 'gateway-keys' };

/** Client plain, backend secured. */
export const OUTGOING = {
  limits: { maxBodyBytes: MAX_BODY },
  request: {
    secure: { timestamp: { ttl: '5m' }, signature: { keyRef }, encryption: { recipientRef: { name: 'backend-cert' } } },
  },
  response: {
    verify: {
      timestamp: {},
      decryption: { keyRefs: [keyRef] },
      signature: { trustRefs },
      signatureConfirmation: 'Required',
    },
  },
};

/** Client secured, backend plain. */
export const INCOMING = {
  limits: { maxBodyBytes: MAX_BODY },
  request: {
    verify: {
      timestamp: { maxAge: '5m' },
      decryption: { keyRefs: [keyRef] },
      signature: { trustRefs },
      identityHeaders: [{ name: 'x-wss-subject', value: 'Subject' }],
    },
  },
  response: {
    secure: {
      timestamp: { ttl: '5m' },
      signature: {
        keyRef,
        confirm: true,
      },
      encryption: { recipient: 'RequestSigner' },
    },
  },
};

/** As INCOMING, but the Body need not be encrypted and the answer is left as it is. */
export const SIGNED_ONLY = {
  request: { verify: { timestamp: { maxAge: '5m' }, signature: { trustRefs } } },
};

export function envelope(content: string, namespace = SOAP11): string {
  return `<soap:Envelope xmlns:soap="${namespace}"><soap:Body>${content}</soap:Body></soap:Envelope>`;
}

/** About `bytes` bytes of Body content; above 256 KiB in few elements, so that the slow reference libraries can follow. */
export function content(bytes: number, id = 'order'): string {
  const line = bytes > 262_144 ? 'x'.repeat(131_072) : 'Käse &amp; Brot';
  const element = `<o:Line quantity="2">${line}</o:Line>`;
  const lines = element.repeat(Math.max(1, Math.round(bytes / Buffer.byteLength(element))));
  return `<o:Order xmlns:o="urn:example:shop" id="${id}">${lines}</o:Order>`;
}

/** A backend that demands WS-Security, and answers the content it was sent with the same. */
export const securedEcho: Answer = async ({ body, headers }) => {
  const opened = await openMessage(body.toString(), { ca, key: backend.key });
  if (!opened.encrypted) throw new Error('the Body is not encrypted');
  const soap12 = headers['content-type']?.startsWith('application/soap+xml');
  const answer = await protectMessage(
    opened.namespace,
    opened.content,
    { ...backend, recipient: gateway.certificate },
    { confirm: opened.signatureValue },
  );
  return {
    body: answer,
    headers: { 'content-type': `${soap12 ? 'application/soap+xml' : 'text/xml'}; charset=utf-8` },
  };
};

/** A backend without security that answers with what it was sent. */
export const echo: Answer = ({ body, headers }) => ({
  body,
  headers: { 'content-type': headers['content-type'] ?? 'text/xml; charset=utf-8' },
});

/** A message of the client's, signed, and encrypted to the gateway. */
export function secured(body: string, options?: ProtectOptions, namespace = SOAP11): Promise<string> {
  return protectMessage(namespace, body, { ...client, recipient: gateway.certificate }, options);
}

/** A message of the client's, signed only. */
export function signed(body: string, options?: ProtectOptions, by = client): Promise<string> {
  return protectMessage(SOAP11, body, by, options);
}
