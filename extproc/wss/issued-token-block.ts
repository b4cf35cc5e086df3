import { scan } from '../xml/scan.ts';
import type { XmlIndex } from '../xml/xml-index.ts';
import type { Block } from './blocks.ts';
import type { Binding, ElementText } from './element-text.ts';
import { DuplicateIdError, InvalidTokenError, KeyNotFoundError, ReferenceUnresolvedError } from './errors.ts';
import type { IssuedToken } from './issued-token.ts';
import { declaredPrefixes } from './self-contained.ts';
import type { SoapMessage } from './soap.ts';

/**
 * Makes an issued token a block of the Security header: its bytes as they are. Only a token with names in no namespace gets
 * `xmlns=""` where it would come to stand in a default namespace.
 *
 * @param message the one that it goes into
 * @param base whether keys of the message are derived from its secret
 * @throws {KeyNotFoundError} when there is no token
 * @throws {InvalidTokenError} when it is not one XML element and nothing else
 * @throws {DuplicateIdError} when the message has an id of the token already, so that references would be ambiguous
 * @throws {ReferenceUnresolvedError} when it is to be referred to by an id that is not its own
 */
export function issuedTokenBlock(token: IssuedToken | undefined, message: SoapMessage, base = false): Block {
  if (token === undefined) throw new KeyNotFoundError('The message is to carry an issued token, and there is none');
  const { element, ids } = prepare(token);
  for (const id of ids) {
    if (message.index.elementsWithId(id).length > 0) {
      throw new DuplicateIdError('The message has an element with an id of the issued token');
    }
  }
  return { kind: 'IssuedToken', id: '', element, ...(base && { base }) };
}

/** What is the same for every message that carries the token. */
interface PreparedToken {
  readonly element: ElementText;
  readonly ids: readonly string[];
}

/** A token goes into thousands of messages: it is looked at once. */
const prepared = new WeakMap<IssuedToken, PreparedToken>();

function prepare(token: IssuedToken): PreparedToken {
  const known = prepared.get(token);
  if (known !== undefined) return known;
  const bytes = Buffer.from(token.bytes.buffer, token.bytes.byteOffset, token.bytes.byteLength);
  const index = scanToken(bytes);
  const { reference } = token;
  if (reference?.form === 'Direct' && index.elementsWithId(reference.value).join() !== '0') {
    throw new ReferenceUnresolvedError('The issued token does not have the id that it is referred to by');
  }
  const nameEnd = index.tagNameEnd(0);
  const element = {
    name: bytes.toString('utf8', 1, nameEnd),
    rest: bytes.toString('utf8', nameEnd),
    namespaces: hasNamesWithoutNamespace(index) ? NO_DEFAULT_NAMESPACE : [],
  };
  const found = { element, ids: idsOf(index) };
  prepared.set(token, found);
  return found;
}

const NO_DEFAULT_NAMESPACE: readonly Binding[] = [['', '']];

function scanToken(bytes: Buffer): XmlIndex {
  let index: XmlIndex;
  try {
    index = scan(bytes);
  } catch (error) {
    throw new InvalidTokenError('The issued token is not well-formed', { cause: error });
  }
  if (index.start(0) !== 0 || index.end(0) !== bytes.length) {
    throw new InvalidTokenError('The issued token is not one element alone');
  }
  return index;
}

function idsOf(index: XmlIndex): string[] {
  const { ids } = index.tables;
  return ids.flatMap((attribute, at) => (at % 2 === 0 ? [index.attributeValue(attribute)] : []));
}

/** Whether the root leaves the default namespace to what is around, and something in the token would be drawn into it. */
function hasNamesWithoutNamespace(index: XmlIndex): boolean {
  if (declaredPrefixes(index, 0).includes('')) return false;
  for (let element = 0; element < index.elementCount; element++) {
    if (index.namespaceUri(element) === '') return true;
  }
  return false;
}
