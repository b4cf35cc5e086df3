/** The address of a Redis, with all that it takes to log in there. */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

interface Common {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
}

export type RedisTarget =
  | (Common & { readonly mode: 'standalone'; readonly address: RedisAddress | { readonly path: string } })
  | (Common & {
      readonly mode: 'sentinel';
      readonly addresses: readonly RedisAddress[];
      /** Under which the Sentinels know the Redis. */
      readonly name: string;
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    })
  | (Common & { readonly mode: 'cluster'; readonly addresses: readonly RedisAddress[] });

const FORMS = [
  'redis[s]://[user:password@]host[:6379][/database]',
  'redis[s]-sentinel://[user:password@]host[:26379],host,…/name[/database][?sentinelUsername=…&sentinelPassword=…]',
  'redis[s]-cluster://[user:password@]host[:6379],host,…',
  'unix:/path/of/socket[?database=…]',
];

/** The address cannot be used. The text never repeats any part of it: passwords stand in addresses. */
export class RedisUrlError extends Error {
  override readonly name = 'RedisUrlError';

  constructor(reason: string) {
    super(
      `the address of Redis: ${reason}. It has one of these forms:\n${FORMS.map((form) => `  ${form}`).join('\n')}`,
    );
  }
}

const MODES = { '': 'standalone', '-sentinel': 'sentinel', '-cluster': 'cluster' } as const;
const MAX_DATABASE = 16_383;

/** @throws RedisUrlError */
export function parseRedisUrl(url: string): RedisTarget {
  const unix = /^unix:(?:\/\/)?(?:([^@]*)@)?(\/[^?#]*)(?:\?(.*))?$/s.exec(url);
  if (unix !== null) {
    const query = readQuery(unix[3], ['database']);
    const address = { path: decode(unix[2], 'path') };
    return { mode: 'standalone', tls: false, ...readUser(unix[1]), db: readDatabase(query['database']), address };
  }
  const parts = /^redis(s?)(-sentinel|-cluster|):\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/s.exec(
    url,
  );
  if (parts === null) {
    throw new RedisUrlError(
      'it does not begin as one of these, or a character in the password must be written with % (such as %40 for @, %2F for /)',
    );
  }
  const [, secure, suffix = '', user, hosts, path = '', search] = parts;
  const mode = MODES[suffix as keyof typeof MODES];
  const common = { tls: secure === 's', ...readUser(user) };
  const segments = path === '' ? [] : path.split('/');
  if (mode === 'sentinel') {
    const { sentinelUsername, sentinelPassword } = readQuery(search, ['sentinelUsername', 'sentinelPassword']);
    const [name = '', db, ...more] = segments;
    if (name === '')
      throw new RedisUrlError('the name under which the Sentinels know the Redis is missing after the hosts');
    if (more.length > 0) throw new RedisUrlError('there is more after the database');
    return {
      ...{ mode, ...common, db: readDatabase(db), addresses: readHosts(hosts, 26_379), name: decode(name, 'name') },
      ...(sentinelUsername !== undefined && { sentinelUsername }),
      ...(sentinelPassword !== undefined && { sentinelPassword }),
    };
  }
  readQuery(search, []);
  const addresses = readHosts(hosts, 6379);
  if (mode === 'cluster') {
    if (segments.length > 0) throw new RedisUrlError('a Cluster has no databases to choose from');
    return { mode, ...common, db: 0, addresses };
  }
  if (segments.length > 1) throw new RedisUrlError('there is more after the database');
  if (addresses.length > 1) throw new RedisUrlError('only Sentinels and Clusters have several hosts');
  return { mode, ...common, db: readDatabase(segments[0]), address: addresses[0] };
}

function readUser(user: string | undefined): { username?: string; password?: string } {
  if (user === undefined) return {};
  const colon = user.indexOf(':');
  const username = decode(colon < 0 ? user : user.slice(0, colon), 'user name');
  const password = colon < 0 ? '' : decode(user.slice(colon + 1), 'password');
  if (password === '') throw new RedisUrlError('there is a user name but no password');
  return { ...(username !== '' && { username }), password };
}

function readHosts(hosts: string, defaultPort: number): RedisAddress[] {
  return hosts.split(',').map((text, index) => {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/.exec(text);
    const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined) throw new RedisUrlError(`host ${index + 1} is not a name or address with a port`);
    if (port < 1 || port > 65_535) throw new RedisUrlError(`the port of host ${index + 1} is not between 1 and 65535`);
    return { host, port };
  });
}

function readDatabase(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const database = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(database <= MAX_DATABASE)) throw new RedisUrlError(`the database is not a number from 0 to ${MAX_DATABASE}`);
  return database;
}

function readQuery<K extends string>(search: string | undefined, known: readonly K[]): Partial<Record<K, string>> {
  const values: Partial<Record<K, string>> = {};
  for (const pair of search === undefined ? [] : search.split('&')) {
    const equals = pair.indexOf('=');
    const name = known.find((candidate) => candidate === pair.slice(0, Math.max(equals, 0)));
    if (name === undefined) {
      const allowed = known.length === 0 ? 'none' : known.join(' and ');
      throw new RedisUrlError(`there is an unknown parameter after "?"; known here: ${allowed}`);
    }
    values[name] = decode(pair.slice(equals + 1), name);
  }
  return values;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUrlError(`the ${what} has a "%" that no two hexadecimal digits of UTF-8 follow`);
  }
}
