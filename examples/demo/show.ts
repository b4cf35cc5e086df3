/** Readable output: sections, indented XML with long values shortened, colours on a terminal only. */

const colours = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);
const cyan = paint(36);

export function section(title: string): void {
  console.log(`\n${bold(`── ${title} `.padEnd(100, '─'))}`);
}

export function line(text = ''): void {
  console.log(text);
}

const WIDTH = 110;
const LONGEST_VALUE = 72;

/** One element a line, indented by its depth; attributes are wrapped; an element that holds only text stays on its line. */
export function xml(text: string): void {
  const tokens = text.split(/(<[^>]+>)/).filter((token) => token.trim() !== '');
  let depth = 1;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    if (token.startsWith('</')) depth--;
    // <a>text</a> and <a></a> stay together.
    let joined = 0;
    if (isStart(token)) {
      if (tokens[i + 1]?.startsWith('</')) joined = 1;
      else if (!tokens[i + 1]?.startsWith('<') && tokens[i + 2]?.startsWith('</')) joined = 2;
    }
    const shown = tokens
      .slice(i, i + joined + 1)
      .map((part) => (part.startsWith('<') ? tag(part, depth) : shorten(part)));
    console.log('  '.repeat(depth) + shown.join(''));
    if (isStart(token) && joined === 0) depth++;
    i += joined;
  }
}

function isStart(token: string): boolean {
  return token.startsWith('<') && !/^<[/?!]|\/>$/.test(token);
}

function tag(token: string, depth: number): string {
  const name = /^<\/?[^\s/>]+/.exec(token)?.[0] ?? '';
  const close = token.endsWith('/>') ? '/>' : '>';
  const attributes = token.slice(name.length, -close.length).match(/[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*')/g) ?? [];
  const separator = token.length + 2 * depth > WIDTH ? `\n${'  '.repeat(depth + 2)}` : ' ';
  return cyan(name) + attributes.map((attribute) => separator + dim(attribute)).join('') + cyan(close);
}

function shorten(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length <= LONGEST_VALUE) return trimmed;
  return `${trimmed.slice(0, 24)}${dim(` … ${trimmed.length} characters … `)}${trimmed.slice(-12)}`;
}
