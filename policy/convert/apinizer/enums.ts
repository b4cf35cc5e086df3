/** Words of Apinizer -> ours. */

import { DS, SOAP11, SOAP12, WSSE, WSU } from '../../../extproc/wss/namespaces.ts';
import type { Findings } from '../finding.ts';
import { WSA_10, WSA_2004 } from '../ws-policy/namespaces.ts';
import type { Fields, JsonValue } from './fields.ts';

/** @returns undefined where there is no such algorithm here; that is reported */
export function signatureAlgorithm(value: JsonValue | undefined, findings: Findings): string | undefined {
  const text = value?.text;
  const [, family, hash] = /^(RSA|ECDSA|HMAC|DSA)[_-]?SHA[_-]?(1|224|256|384|512)$/i.exec(text ?? '') ?? [];
  if (value === undefined) return undefined;
  if (family === undefined || hash === undefined || family.toUpperCase() === 'DSA') {
    findings.error(
      'NotExpressible',
      'sigSigAlgorithm',
      value.place,
      `${text ?? ''} is not made here; the algorithm that fits the key stands in its place`,
    );
    return undefined;
  }
  return `${family.toUpperCase()}-SHA${hash}`;
}

export function digest(value: JsonValue | undefined, findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  const [, hash] = /^SHA[_-]?(1|224|256|384|512)$/i.exec(value.text ?? '') ?? [];
  if (hash !== undefined) return `SHA${hash}`;
  findings.error(
    'NotExpressible',
    'sigDigAlgorithm',
    value.place,
    `${value.text ?? ''} is no digest here (MD5 is broken, an HMAC is none); SHA256 is used`,
  );
  return 'SHA256';
}

export function canonicalization(value: JsonValue | undefined, findings: Findings): string | undefined {
  const text = value?.text?.toUpperCase().replaceAll('.', '_');
  if (value === undefined || text === undefined) return undefined;
  const base = text.includes('EXC')
    ? 'ExclusiveC14N'
    : /1_?1/.test(text)
      ? 'C14N11'
      : text.includes('C14N')
        ? 'C14N10'
        : undefined;
  if (base === undefined) {
    findings.error(
      'NotExpressible',
      'sigC14n',
      value.place,
      `${text} is no canonicalization here; ExclusiveC14N is used`,
    );
    return undefined;
  }
  const comments = text.includes('COMMENT') && !/OMIT|WITHOUT|NO_COMMENT/.test(text);
  return comments ? `${base}WithComments` : base;
}

export function dataAlgorithm(value: JsonValue | undefined, findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  const [, bits, mode] = /^AES[_-]?(128|192|256)(?:[_-]?(CBC|GCM))?$/i.exec(value.text ?? '') ?? [];
  if (bits !== undefined) return `AES${bits}-${mode?.toUpperCase() ?? 'CBC'}`;
  findings.error(
    'NotExpressible',
    'encSymEncAlgorithm',
    value.place,
    `${value.text ?? ''} is not written here; AES256-GCM is used`,
  );
  return undefined;
}

export function keyTransport(value: JsonValue | undefined, findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  const text = value.text?.toUpperCase() ?? '';
  if (text.includes('OAEP')) return 'RSA-OAEP-MGF1P';
  if (text.startsWith('RSA') || text.includes('1_5')) return 'RSA-1_5';
  findings.error(
    'NotExpressible',
    'encKeyEncAlgorithm',
    value.place,
    `${text} is no key transport here; RSA-OAEP is used`,
  );
  return undefined;
}

const KEY_IDENTIFIERS: Readonly<Record<string, string>> = {
  BINARY_SECURITY_TOKEN: 'BinarySecurityToken',
  ISSUER_NAME_AND_SERIAL_NUMBER: 'IssuerSerial',
  X509_CERTIFICATE: 'X509Certificate',
  SUBJECT_KEY_IDENTIFIER: 'SubjectKeyIdentifier',
  THUMBPRINT_SHA1_IDENTIFIER: 'ThumbprintSHA1',
  EMBEDDED_KEY_INFO: 'KeyName',
};

export function keyIdentifier(value: JsonValue | undefined, field: string, findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  const found = KEY_IDENTIFIERS[value.text ?? ''];
  if (found === undefined) {
    findings.error(
      'NotExpressible',
      field,
      value.place,
      `${value.text ?? ''} is not written here; BinarySecurityToken or IssuerSerial do the same, ask the backend which it takes`,
    );
  }
  return found;
}

export function passwordType(value: JsonValue | undefined, field: string, findings: Findings): 'Text' | 'Digest' {
  const text = value?.text?.toUpperCase().replace(/[_-]/g, '') ?? '';
  if (text.endsWith('DIGEST')) return 'Digest';
  if (value !== undefined && !text.endsWith('TEXT')) {
    findings.error(
      'NotExpressible',
      field,
      value.place,
      `${value.text ?? ''} is neither PasswordText nor PasswordDigest; PasswordText is used`,
    );
  }
  return 'Text';
}

/** A list of `{name, namespace, encodeType}`. */
export function parts(value: JsonValue | undefined, purpose: 'signed' | 'encrypted', findings: Findings): object[] {
  return (value?.items ?? []).flatMap((item) => {
    const fields = item.object;
    if (fields === undefined) {
      findings.error('UnknownAssertion', 'part', item.place, 'is no part: {name, namespace, encodeType}');
      return [];
    }
    const part = partOf(fields, purpose, findings);
    fields.reportRest(findings, 'a part');
    return [part];
  });
}

function partOf(fields: Fields, purpose: 'signed' | 'encrypted', findings: Findings): object {
  const name = fields.text('name') ?? '';
  const namespace = fields.text('namespace') ?? '';
  const whole = fields.text('encodeType')?.toUpperCase() === 'ELEMENT';
  const mode = purpose === 'signed' ? {} : { mode: whole ? 'Element' : 'Content' };
  switch (`${namespace} ${name}`) {
    case `${SOAP11} Body`:
    case `${SOAP12} Body`:
      if (purpose === 'encrypted' && whole)
        findings.error(
          'NotExpressible',
          'encodeType',
          fields.place,
          'a message without a Body is none; its content is encrypted',
        );
      return { part: 'Body' };
    case `${WSU} Timestamp`:
      return { part: 'Timestamp' };
    case `${WSSE} UsernameToken`:
      return { part: 'UsernameToken' };
    case `${WSSE} BinarySecurityToken`:
      return { part: 'Token' };
    case `${DS} Signature`:
      return { part: 'Signature' };
  }
  if (namespace === WSA_10 || namespace === WSA_2004) return { header: { namespace, name }, ...mode };
  const message =
    'must be below the Body and there; a message without it is refused, where Apinizer would skip it (write optional: true for that, or header for a header block)';
  findings.note('Stricter', `part ${name}`, fields.place, message);
  return { element: { namespace, name }, ...mode };
}
