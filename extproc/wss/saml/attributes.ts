import type { XmlIndex } from '../../xml/xml-index.ts';
import { LimitError } from '../errors.ts';
import { requiredName } from './reading.ts';
import { SAML2, type SamlVersion } from './versions.ts';

/** Values that the attributes of one assertion may have. */
const MAX_VALUES = 1024;

/**
 * The attributes that an assertion says its subject has (SAML 2.0 Core §2.7.3, SAML 1.1 Core §2.4.4), with those of their
 * values that are text. Attributes of one name count as one, whatever statement they stand in.
 *
 * @throws SamlAssertionInvalidError, LimitError
 */
export function readAttributes(
  index: XmlIndex,
  assertion: number,
  version: SamlVersion,
): ReadonlyMap<string, readonly string[]> {
  const { namespace } = version;
  const attributes = new Map<string, string[]>();
  let count = 0;
  for (const statement of index.children(assertion)) {
    if (!index.is(statement, namespace, 'AttributeStatement')) continue;
    for (const attribute of index.children(statement)) {
      if (!index.is(attribute, namespace, 'Attribute')) continue;
      const name = requiredName(index, attribute, version === SAML2 ? 'Name' : 'AttributeName');
      const values = attributes.get(name) ?? [];
      attributes.set(name, values);
      for (const value of index.children(attribute)) {
        if (++count > MAX_VALUES) throw new LimitError(`an assertion has more than ${MAX_VALUES} attribute values`);
        if (index.is(value, namespace, 'AttributeValue') && index.hasOnlyText(value)) values.push(index.text(value));
      }
    }
  }
  return attributes;
}
