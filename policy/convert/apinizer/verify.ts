/** Apinizer's policies that check messages: From Target, Decrypt, Sign Validation, SAML validation. */

import type { PhaseName, PolicyDraft } from './draft.ts';
import type { Fields } from './fields.ts';

export function fromTarget(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const [decrypts, verifies] = [fields.flag('decExists') ?? false, fields.flag('verExists') ?? false];
  if (decrypts) decrypt(draft, fields, phase);
  if (verifies) validateSignature(draft, fields, phase);
  fields.ignore('decKeyStoreName', 'verKeyStoreName', 'allowCaseInsensitiveId');
}

export function decrypt(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  caseInsensitive(draft, fields);
  draft.section(phase, 'verify').decryption = {
    keyRefs: [draft.key(fields.text('decKeyStoreName'))],
    requiredParts: [{ part: 'Body' }],
  };
  draft.findings.note(
    'Stricter',
    'decKeyStoreName',
    fields.placeOf('decKeyStoreName'),
    'Apinizer opens what it finds; here the Body must be encrypted, and CBC and RSA-1_5 must be listed under accept if the sender uses them',
    ['spec', phase, 'verify', 'decryption'],
  );
}

export function validateSignature(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const { findings } = draft;
  caseInsensitive(draft, fields);
  const verify = draft.section(phase, 'verify');
  verify.timestamp ??= { required: false };
  verify.signature = {
    trustRefs: [draft.trust(fields.text('verKeyStoreName'))],
    requiredParts: [{ part: 'Body' }, { part: 'Timestamp', optional: true }],
  };
  const at = ['spec', phase, 'verify', 'signature'];
  findings.note(
    'Stricter',
    'verKeyStoreName',
    fields.placeOf('verKeyStoreName'),
    'Apinizer does not say what must be signed, which lets signed content be moved; here the Body must be, and a Timestamp if there is one',
    at,
  );
  findings.note(
    'Stricter',
    'verKeyStoreName',
    fields.placeOf('verKeyStoreName'),
    'SHA-1 must be listed under accept if the sender uses it',
    at,
  );
  if (fields.flag('removeSignature') === false) {
    findings.note(
      'Chosen',
      'removeSignature',
      fields.placeOf('removeSignature'),
      'the Security header is removed once it is verified; removeSecurityHeader: false keeps it',
      ['spec', phase, 'verify'],
    );
  }
  for (const name of [
    'enableEnhancedSignatureValidation',
    'enableSignatureRemovalForDereferencing',
    'mustUnderstand',
  ]) {
    if (fields.take(name))
      findings.note(
        'NoCounterpart',
        name,
        fields.placeOf(name),
        'needs no switch: what is verified is what was signed, always',
      );
  }
}

export function validateSaml(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const { findings } = draft;
  if (fields.flag('allowUnknownSigner')) {
    findings.error(
      'NotExpressible',
      'allowUnknownSigner',
      fields.placeOf('allowUnknownSigner'),
      'takes assertions that anyone has signed; that is not done, name the issuers in trustRefs',
    );
  }
  if (fields.flag('clearSaml') === false) {
    findings.note(
      'Chosen',
      'clearSaml',
      fields.placeOf('clearSaml'),
      'the Security header is removed once it is verified; removeSecurityHeader: false keeps it',
      ['spec', phase, 'verify'],
    );
  }
  if (fields.take('clearSamlPath')) {
    findings.note(
      'NoCounterpart',
      'clearSamlPath',
      fields.placeOf('clearSamlPath'),
      'assertions are found in the Security header only, and removed with it',
    );
  }
  fields.ignore('keyStoreName');
  findings.error(
    'NotExpressible',
    'policy-saml-validation',
    fields.place,
    'assertions are not verified by a converted policy; write verify.saml',
  );
}

function caseInsensitive({ findings }: PolicyDraft, fields: Fields): void {
  if (!fields.flag('allowCaseInsensitiveId')) return;
  findings.error(
    'NotExpressible',
    'allowCaseInsensitiveId',
    fields.placeOf('allowCaseInsensitiveId'),
    'two Ids that differ in case only could be taken for each other; it is not done, have the sender write them as they are',
  );
}
