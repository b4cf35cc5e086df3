/** A real KDC of MIT Kerberos on loopback, with a realm of its own that is gone with its folder. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Child } from '../../scripts/local/child.ts';
import { stablePort } from '../../scripts/local/ports.ts';

const run = promisify(execFile);

export const REALM = 'WAXSEAL.TEST';
/** Debian keeps the programs of the server where only root looks. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

export class Kdc {
  readonly folder: string;
  /** For clients. */
  readonly config: string;
  readonly port: number;
  #child: Child | undefined;
  #keytabs = 0;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.config = path.join(folder, 'krb5.conf');
  }

  /** Starts one that ends with the test. */
  static async start(t: Pick<TestContext, 'after'>): Promise<Kdc> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'waxseal-kdc-'));
    const kdc = new Kdc(folder, await stablePort());
    t.after(async () => {
      await kdc.stop();
      await rm(folder, { recursive: true, force: true });
    });
    await kdc.#create();
    await kdc.start();
    return kdc;
  }

  /** Where programs of MIT Kerberos, GSS-API and Java find it. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, PATH, KRB5_CONFIG: this.config, KRB5_KDC_PROFILE: path.join(this.folder, 'kdc.conf') };
  }

  async start(): Promise<void> {
    const child = new Child('krb5kdc', 'krb5kdc', ['-n', '-r', REALM], this.env);
    this.#child = child;
    await child.until(() => /commencing operation/.test(child.log));
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** @param name without the realm. @param options of `addprinc` */
  async addPrincipal(name: string, options = '-randkey'): Promise<void> {
    await this.admin(`addprinc ${options} ${name}`);
  }

  /** Keys of principals as a keytab. They stay as they are, so that several keytabs of one are good. */
  async keytab(...names: readonly string[]): Promise<Buffer> {
    return readFile(await this.keytabFile(...names));
  }

  async keytabFile(...names: readonly string[]): Promise<string> {
    const file = path.join(this.folder, `keys-${++this.#keytabs}.keytab`);
    for (const name of names) await this.admin(`ktadd -norandkey -k ${file} ${name}`);
    return file;
  }

  /** A credential cache that `kinit` filled. @returns its file */
  async kinit(name: string, keytab: string, ...args: readonly string[]): Promise<string> {
    const file = path.join(this.folder, `cache-${++this.#keytabs}`);
    await run('kinit', [...args, '-c', file, '-k', '-t', keytab, `${name}@${REALM}`], { env: this.env });
    return file;
  }

  /** @param command of `kadmin.local` */
  async admin(command: string): Promise<string> {
    const { stdout, stderr } = await run('kadmin.local', ['-r', REALM, '-q', command], { env: this.env });
    // It says what went wrong, and succeeds.
    const error = stderr.split('\n').find((line) => /while|[Cc]annot|unknown|No such/.test(line));
    if (error !== undefined) throw new Error(`kadmin.local ${command}: ${error}`);
    return stdout;
  }

  async #create(): Promise<void> {
    const { folder, port } = this;
    const file = (name: string) => path.join(folder, name);
    const encryption = 'aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts aes128-cts';
    await writeFile(
      this.config,
      `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  .waxseal.test = ${REALM}
`,
    );
    await writeFile(
      file('kdc.conf'),
      `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${REALM} = {
    database_name = ${file('principal')}
    key_stash_file = ${file('stash')}
    acl_file = ${file('kadm5.acl')}
    max_life = 24h
    max_renewable_life = 7d
    supported_enctypes = ${encryption.replaceAll(/(\S+)/g, '$1:normal')}
    master_key_type = aes256-cts
  }
[logging]
  kdc = STDERR
`,
    );
    await run('kdb5_util', ['create', '-s', '-r', REALM, '-P', 'master'], { env: this.env });
  }
}
