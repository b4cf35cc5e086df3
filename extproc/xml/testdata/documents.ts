import fc from 'fast-check';

/** A document as text, with what makes canonicalization interesting. */
interface Scope {
  /** Prefixes bound here, `''` being the default namespace. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** Makes a document out of random numbers, so that shrinking a failure means smaller numbers. */
class Builder {
  readonly #numbers: readonly number[];
  readonly #options: DocumentOptions;
  #at = 0;
  #text = '';
  #left: number;

  constructor(numbers: readonly number[], options: DocumentOptions) {
    this.#numbers = numbers;
    this.#options = options;
    this.#left = numbers.length;
  }

  build(): string {
    const before = this.#misc();
    this.#element({ prefixes: new Map() }, 0);
    return before + this.#text + this.#misc();
  }

  #pick(count: number): number {
    this.#left--;
    const number = this.#numbers[this.#at++ % this.#numbers.length];
    return number % count;
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#pick(choices.length)];
  }

  #misc(): string {
    return this.#one(['', '', '<!-- around -->', '<?around the root?>\n', '\r\n<!--a--><?b?>']);
  }

  #space(): string {
    return this.#one([' ', ' ', ' ', '  ', '\n', '\t', '\r\n']);
  }

  #element(outer: Scope, depth: number): void {
    const prefixes = new Map(outer.prefixes);
    const parts: string[] = [];
    for (let n = this.#pick(4); n > 0; n--) {
      const prefix = this.#one(['', '', ...this.#options.prefixes]);
      if (parts.some((part) => part.startsWith(prefix === '' ? 'xmlns=' : `xmlns:${prefix}=`))) continue;
      const uri = this.#one([...this.#options.namespaces, prefix === '' ? '' : 'urn:a']);
      parts.push(`${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}=${this.#quoted(uri)}`);
      prefixes.set(prefix, uri);
    }
    const bound = [...prefixes.keys()].filter((prefix) => prefix !== '');
    const names = new Set<string>();
    for (let n = this.#pick(4); n > 0; n--) {
      const prefix = this.#one(['', '', ...(this.#options.xmlAttributes.length > 0 ? ['xml'] : []), ...bound]);
      const local =
        prefix === 'xml' ? this.#one(this.#options.xmlAttributes) : this.#one(['Id', 'x', 'y', 'z', 'ä', 'Z']);
      const key = `${prefix === 'xml' ? 'xml' : (prefixes.get(prefix) ?? '')}|${prefix === '' ? '' : '+'}|${local}`;
      if (names.has(key)) continue;
      names.add(key);
      parts.push(`${prefix === '' ? '' : `${prefix}:`}${local}${this.#equals()}${this.#quoted(this.#value(prefix))}`);
    }
    if (this.#pick(3) === 0) parts.reverse();
    const prefix = this.#one(['', ...bound]);
    const name = `${prefix === '' ? '' : `${prefix}:`}${this.#one(['r', 'item', 'Ünder_score', 'x-y.z'])}`;
    this.#text += `<${name}${parts.map((part) => this.#space() + part).join('')}${this.#one(['', '', ' ', '\n'])}`;
    if (this.#pick(6) === 0) {
      this.#text += '/>';
      return;
    }
    this.#text += '>';
    for (let n = depth === 0 ? 6 : this.#pick(6); n > 0; n--) this.#content({ prefixes }, depth);
    this.#text += `</${name}${this.#one(this.#options.endTagSpaces)}>`;
  }

  #equals(): string {
    return this.#one(['=', '=', '=', ' = ', '=\n']);
  }

  #quoted(value: string): string {
    return this.#one(['"', '"', "'"]) === '"'
      ? `"${value.replaceAll('"', '&#34;')}"`
      : `'${value.replaceAll("'", '&apos;')}'`;
  }

  #value(prefix: string): string {
    if (prefix === 'xml') return this.#one(this.#options.xmlValues);
    return this.#one([
      '',
      'v',
      'a &amp; b',
      '"&lt;\'',
      '&#10;&#x9;&#xD;',
      '\t\n',
      '>',
      'ß€😀',
      '&#x1F600;',
      '&gt;',
      ...this.#returns('a\r\nb'),
    ]);
  }

  #returns(text: string): string[] {
    return this.#options.carriageReturns ? [text] : [];
  }

  #content(scope: Scope, depth: number): void {
    const kind = this.#pick(12);
    if (kind < 5 && depth < 12 && this.#left > 0) this.#element(scope, depth + 1);
    else if (kind < 8) {
      const texts = [
        'text',
        ' \n ',
        'a &lt; b &amp; c',
        '>',
        '&quot;&apos;&gt;',
        '&#13;',
        '&#xD;\n',
        'ünï😀',
        '&#x20AC;',
        ']] >',
        '\t',
      ];
      this.#text += this.#one([...texts, ...this.#returns('1\r\n2\r3')]);
    } else if (kind === 8)
      this.#text += this.#one([
        '<![CDATA[]]>',
        '<![CDATA[<a>&amp;]]]>',
        `<![CDATA[>${this.#options.carriageReturns ? '\r\n' : ''}x]]>`,
      ]);
    else if (kind === 9)
      this.#text += this.#one(['<!---->', ...this.#options.comments, ...this.#returns('<!--\r\n-->')]);
    else if (kind === 10 && this.#options.processingInstructions)
      this.#text += this.#one(['<?pi?>', '<?pi  data ?>', '<?xml-style a="b"?>', '<?p <&> ?>']);
  }
}

export interface DocumentOptions {
  /** Local names of `xml:` attributes. */
  readonly xmlAttributes: readonly string[];
  readonly xmlValues: readonly string[];
  /** Namespace names as an attribute value writes them. */
  readonly namespaces: readonly string[];
  readonly prefixes: readonly string[];
  /** Comments besides the empty one. */
  readonly comments: readonly string[];
  /** White space before the `>` of an end tag. */
  readonly endTagSpaces: readonly string[];
  readonly processingInstructions: boolean;
  readonly carriageReturns: boolean;
}

export const EVERYTHING: DocumentOptions = {
  xmlAttributes: ['lang', 'space', 'id', 'other'],
  xmlValues: ['en', 'preserve', 'x1'],
  namespaces: ['urn:a', 'urn:b', 'http://example.com/?x=1&amp;y=2', 'urn:ü'],
  prefixes: ['a', 'b', 'c', 'n', 'é'],
  comments: ['<!-- a & < b -->'],
  endTagSpaces: ['', '', '', ' ', '\r\n'],
  processingInstructions: true,
  carriageReturns: true,
};

/** Well-formed documents with namespaces declared, rebound and undeclared, references, CDATA sections and so on. */
export function documents(options: DocumentOptions = EVERYTHING): fc.Arbitrary<string> {
  return fc
    .array(fc.nat(5039), { minLength: 40, maxLength: 300, size: 'max' })
    .map((numbers) => new Builder(numbers, options).build());
}
