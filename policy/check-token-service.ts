/** What is wrong with a token service although each of its fields is right, and what is legal but not meant. */

import type { External, SecurityTokenServiceSpec, WSTrust } from '../crds/token-service-types.ts';
import { checkRequestAddressing } from './check-addressing.ts';
import { warnLegacy } from './check-algorithms.ts';
import { checkPool } from './check-pool.ts';
import { durationMs } from './duration.ts';
import type { Report } from './report.ts';

/** Headers that frame the request. */
const RESERVED_HEADERS = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** @param report whose paths begin at `spec` */
export function checkTokenService(report: Report, spec: SecurityTokenServiceSpec): void {
  const { wsTrust, external, credentials, tls } = spec;
  if (wsTrust) checkTrust(report, wsTrust, spec);
  if (external) checkExternal(report, external);
  if (credentials) checkPool(report, ['credentials'], credentials);
  checkCache(report, spec);
  if (tls && (wsTrust?.url ?? external?.url)?.startsWith('http:')) {
    report.warning(['tls'], 'has no effect with a URL that begins with http://; use https:// or remove it');
  }
}

function checkTrust(report: Report, wsTrust: WSTrust, { credentials, cache }: SecurityTokenServiceSpec): void {
  const at = ['wsTrust'];
  const { keyType, authentication = {}, addressing, renew } = wsTrust;
  if (addressing) checkRequestAddressing(report, [...at, 'addressing'], addressing);
  warnLegacy(report, [...at, 'authentication', 'x509', 'algorithm'], authentication.x509?.algorithm);
  if (keyType === 'Public' && !credentials) {
    report.error([...at, 'keyType'], 'Public needs the tls.crt and tls.key of a credential; add credentials');
  }
  const { usernameToken, x509, mtls } = authentication;
  if (credentials && keyType !== 'Public' && !usernameToken && !x509 && !mtls) {
    report.warning(
      ['credentials'],
      'the service is shown none of them; say how with wsTrust.authentication: usernameToken, x509 or mtls',
    );
  }
  if (renew && durationMs(cache.ttl) === 0) {
    report.warning([...at, 'renew'], 'has no effect with cache.ttl 0s, where no token is kept; remove it');
  }
}

function checkExternal(report: Report, { headers = {} }: External): void {
  for (const name of Object.keys(headers)) {
    const at = ['external', 'headers', name];
    const lower = name.toLowerCase();
    if (RESERVED_HEADERS.has(lower)) report.error(at, `${name} frames the request and is set by itself; remove it`);
    if (SECRET_HEADERS.has(lower)) {
      report.warning(
        at,
        `whoever may read this object reads the ${name} header; put its value in a Secret, under the key authorization, and refer to that in credentials`,
      );
    }
  }
}

/** A token that is replaced when it has hardly come costs a request for each message. */
function checkCache(report: Report, { wsTrust, cache }: SecurityTokenServiceSpec): void {
  const refreshBefore = durationMs(cache.refreshBefore);
  const ttl = durationMs(cache.ttl);
  const at = ['cache', 'refreshBefore'];
  if (ttl === 0) return;
  if (refreshBefore >= ttl) {
    report.warning(at, `is not less than cache.ttl (${cache.ttl}), so tokens are replaced at half of their life`);
  } else if (wsTrust?.lifetime !== undefined && refreshBefore >= durationMs(wsTrust.lifetime)) {
    report.warning(
      at,
      `is not less than wsTrust.lifetime (${wsTrust.lifetime}), so tokens are replaced at half of their life`,
    );
  }
}
