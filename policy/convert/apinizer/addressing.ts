/** `wsaSettings`, of an endpoint or of a request to a token service -> `addressing`. */

import type { PolicyDraft, Section } from './draft.ts';
import type { Fields } from './fields.ts';

/** @returns undefined where nothing is written */
export function addressingOf({ findings }: PolicyDraft, fields: Fields): Section | undefined {
  const version = fields.text('wsaVersion')?.toUpperCase();
  const section: Section = version === 'V200408' ? { version: '2004/08' } : {};
  const text = (field: string, name: string, useDefault: boolean): void => {
    const value = fields.text(field);
    if (useDefault) section[name] = 'Default';
    else if (value !== undefined && isVariable(value)) {
      findings.error(
        'NotExpressible',
        field,
        fields.placeOf(field),
        'is a variable of Apinizer, and texts are fixed here; write the text into the result',
      );
    } else if (value !== undefined) section[name] = value;
  };
  text('wsaAction', 'action', fields.flag('wsaAddDefaultAction') ?? false);
  text('wsaTo', 'to', fields.flag('wsaAddDefaultTo') ?? false);
  text('wsaMessageId', 'messageId', fields.flag('wsaGenerateMessageId') ?? false);
  for (const [field, name] of [
    ['wsaReplyTo', 'replyTo'],
    ['wsaFrom', 'from'],
    ['wsaFaultTo', 'faultTo'],
    ['wsaRelatesTo', 'relatesTo'],
    ['wsaRelationShipType', 'relationshipType'],
  ] as const) {
    text(field, name, false);
  }
  if (section.relatesTo === undefined) delete section.relationshipType;
  const mustUnderstand = fields.text('wsaMustUnderstand')?.toUpperCase();
  if (mustUnderstand === 'TRUE') section.mustUnderstand = true;
  const writes = Object.keys(section).some((key) => key !== 'version' && key !== 'mustUnderstand');
  return writes ? section : undefined;
}

/** `<name>` or `${name}` in a text. */
export function isVariable(text: string): boolean {
  return /<[^<>]{1,200}>|\$\{[^{}]{1,200}\}/.test(text);
}
