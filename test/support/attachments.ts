/** Multipart messages for tests: written, secured and verified as the pipeline does it. */

import { parseRelatedType } from '../../extproc/mime/related.ts';
import { closeRelated, openRelated, type OpenedMessage } from '../../extproc/pipeline/related.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { OWN_LIMITS } from '../../extproc/wss/own-limits.ts';
import { secure } from '../../extproc/wss/secure.ts';
import type { SecureSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import { scanSoap, type SoapMessage } from '../../extproc/wss/soap.ts';
import { verify, type Verified } from '../../extproc/wss/verify.ts';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { BODY, NOW, pki, secureContext, secureSettings, TIMESTAMP } from './securing.ts';

export const SWA_TYPE = 'multipart/related; boundary="the boundary"; type="text/xml"; start="<root@x>"';
export const XOP_TYPE =
  'multipart/related; boundary="the boundary"; type="application/xop+xml"; start-info="text/xml"; start="<root@x>"';

/** A part: lines of its header, and its content. */
export interface TestPart {
  readonly header: readonly string[];
  readonly content: Buffer | string;
}

/** A multipart message with this root part and these attachments. */
export function multipart(root: string | Buffer, parts: readonly TestPart[], type = SWA_TYPE): Buffer {
  const [, media = ''] = /; type="([^"]*)"/.exec(type) ?? [];
  const [, startInfo] = /start-info="([^"]*)"/.exec(type) ?? [];
  const rootType = `${media}; charset=UTF-8${startInfo === undefined ? '' : `; type="${startInfo}"`}`;
  const all = [{ header: [`Content-Type: ${rootType}`, 'Content-ID: <root@x>'], content: root }, ...parts];
  const boundary = parseRelatedType(type).boundary;
  const pieces = all.flatMap(({ header, content }) => [
    Buffer.from(`--${boundary}\r\n${header.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1'),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export interface Opened extends OpenedMessage {
  readonly message: SoapMessage;
}

export function openMultipart(body: Buffer, type = SWA_TYPE): Opened {
  const limits = { maxAttachments: 100, maxAttachmentBytes: 1 << 24 };
  const opened = openRelated(body, parseRelatedType(type), limits);
  return { ...opened, message: scanSoap(opened.root.body, DEFAULT_LIMITS, opened.opened) };
}

export async function secureMultipart(
  body: Buffer,
  settings: Partial<SecureSettings>,
  type = SWA_TYPE,
): Promise<Buffer> {
  const opened = openMultipart(body, type);
  const secured = await secure(opened.message, secureSettings(settings), secureContext());
  return closeRelated(opened, scanSoap(secured.bytes, OWN_LIMITS, secured.attachments)).bytes;
}

/** What goes on, and what `verify` says. */
export function verifyMultipart(
  body: Buffer,
  changes: Partial<VerifySettings> = {},
  type = SWA_TYPE,
): { readonly bytes: Buffer; readonly contentType?: string; readonly verified: Verified } {
  const opened = openMultipart(body, type);
  const context = { now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS };
  const verified = verify(opened.message, { ...VERIFYING, ...changes }, context);
  return { ...closeRelated(opened, scanSoap(verified.bytes, OWN_LIMITS, verified.message.attachments)), verified };
}

/** A signature over Body and Timestamp by the signer of the test keys. */
export const VERIFY_SIGNATURE: NonNullable<VerifySettings['signature']> = {
  trust: new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] }),
  secrets: [],
  requiredParts: [BODY, TIMESTAMP],
  accept: { algorithms: ['RSA-SHA256'], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] },
};
export const VERIFY_DECRYPTION: NonNullable<VerifySettings['decryption']> = {
  keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
  requiredParts: [],
  accept: { dataAlgorithms: ['AES256-GCM', 'AES256-CBC'], keyTransports: ['RSA-OAEP'] },
  requireSignedEncryptedData: false,
};
export const VERIFYING: VerifySettings = {
  removeSecurityHeader: true,
  signature: VERIFY_SIGNATURE,
  signatureConfirmation: false,
  replay: { window: 0, onCacheUnavailable: 'Refuse' },
};
