import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const testdata = path.join(import.meta.dirname, '../policy/convert/testdata');
let folder: string;
before(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'waxseal-convert-'))));
after(() => rm(folder, { recursive: true }));

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function convert(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const command = [path.join(import.meta.dirname, 'waxseal.js'), 'convert', ...args];
    execFile(process.execPath, command, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const wsdl = (name: string): string => path.join(testdata, name);

test('0: all is expressed; 1: something is not, or with --strict something is worth knowing', async () => {
  const whole = await convert('--from', 'ws-securitypolicy', wsdl('cxf-asymmetric.wsdl'), '--namespace', 'shop');
  assert.equal(whole.code, 0, whole.err);
  assert.equal(whole.out, (await readFile(wsdl('cxf-asymmetric.client.yaml'), 'utf8')).replace(/---\n(# .*\n)*$/, ''));
  assert.match(whole.err, /^\S+cxf-asymmetric\.wsdl:\d+:\d+: note: Stricter: sp:ContentEncryptedElements: /m);
  assert.equal((await convert('--from', 'ws-securitypolicy', wsdl('cxf-asymmetric.wsdl'), '--strict')).code, 1);
  const part = await convert('--from', 'ws-securitypolicy', wsdl('rampart-alternatives.xml'));
  assert.equal(part.code, 1);
  assert.match(part.err, /rampart-alternatives\.xml:31:29: error: NotExpressible: sp:EncryptedElements: /);
  assert.match(part.out, /# NOT EXPRESSED: sp:EncryptedElements: /);
});

test('to the words of WS-SecurityPolicy and back', async () => {
  const { out } = await convert(
    '--from',
    'ws-securitypolicy',
    wsdl('cxf-asymmetric.wsdl'),
    '--name',
    'invoices',
    '-n',
    'shop',
  );
  await writeFile(path.join(folder, 'invoices.yaml'), out);
  const printed = await convert('--to', 'ws-securitypolicy', '--config', folder, '--policy', 'shop/invoices');
  assert.equal(printed.code, 0, printed.err);
  await writeFile(path.join(folder, 'printed.wsdl'), printed.out);
  const again = await convert(
    '--from',
    'ws-securitypolicy',
    path.join(folder, 'printed.wsdl'),
    '--name',
    'invoices',
    '-n',
    'shop',
  );
  const withoutComments = (text: string): string => text.replace(/^ *#.*\n/gm, '').trim();
  assert.equal(withoutComments(again.out), withoutComments(out));
});

test('Boomi and Apinizer; the name is that of the file', async () => {
  const boomi = await convert('--from', 'boomi', wsdl('boomi-chosen.txt'));
  assert.match(boomi.out, /name: boomi-chosen\n/);
  assert.equal(boomi.code, 0, boomi.err);
  const apinizer = await convert('--from', 'apinizer', wsdl('apinizer-to-target.json'), '--name', 'orders');
  assert.match(apinizer.out, /name: orders-login\n/);
  assert.doesNotMatch(apinizer.out + apinizer.err, /sesame/);
});

test('2: what cannot be read, or is called wrongly, in a sentence', async () => {
  const cases: [args: string[], sentence: RegExp][] = [
    [[], /give either --from or --to/],
    [['--from', 'boomi', '--to', 'ws-securitypolicy', 'x'], /give either --from or --to/],
    [['--from', 'mule', 'x'], /Allowed choices are ws-securitypolicy, boomi, apinizer/],
    [['--from', 'boomi'], /give the file/],
    [['--to', 'ws-securitypolicy'], /give --config and --policy/],
    [['--to', 'ws-securitypolicy', '--config', folder, '--policy', 'shop/none'], /there is no policy shop\/none/],
    [['--from', 'boomi', path.join(folder, 'absent.txt')], /absent\.txt: ENOENT/],
    [['--from', 'apinizer', wsdl('boomi-default.txt')], /boomi-default\.txt(:\d+)?: this is no JSON/],
    [['--from', 'ws-securitypolicy', wsdl('boomi-default.txt')], /boomi-default\.txt:1:1: cannot be read/],
    [
      ['--from', 'ws-securitypolicy', wsdl('cxf-asymmetric.wsdl'), '--port', 'Other'],
      /its ports for SOAP are InvoiceService\/InvoicesPort/,
    ],
    [
      ['--from', 'ws-securitypolicy', wsdl('cxf-asymmetric.wsdl'), '--operation', 'Pay'],
      /there is no operation Pay; there are Submit/,
    ],
    [['--from', 'boomi', wsdl('boomi-default.txt'), '--name', 'A_B'], /letters a to z/],
  ];
  for (const [args, sentence] of cases) {
    const { code, out, err } = await convert(...args);
    assert.equal(code, 2, `${args.join(' ')}\n${err}`);
    assert.match(err, sentence);
    assert.equal(out, '');
  }
});

test('only documents that are given are read', async () => {
  const text = await readFile(wsdl('cxf-asymmetric.wsdl'), 'utf8');
  const main = path.join(folder, 'main.wsdl');
  const policies = path.join(folder, 'policies.wsdl');
  await writeFile(
    main,
    text
      .replaceAll('URI="#', 'URI="policies.wsdl#')
      .replace(/<wsp:Policy wsu:Id="binding">[^]*(?=<\/wsdl:definitions>)/, ''),
  );
  await writeFile(policies, text.replace(/<wsdl:message[^]*<\/wsdl:service>/, ''));
  const alone = await convert('--from', 'ws-securitypolicy', main, '--name', 'cxf-asymmetric', '-n', 'shop');
  assert.equal(alone.code, 1);
  assert.match(alone.err, /error: Unread: wsp:PolicyReference policies\.wsdl#binding: .*--include/);
  const both = await convert(
    '--from',
    'ws-securitypolicy',
    main,
    '--include',
    policies,
    '--name',
    'cxf-asymmetric',
    '-n',
    'shop',
  );
  assert.equal(both.code, 0, both.err);
  assert.match(both.out, /keyIdentifier: ThumbprintSHA1/);
});
