/** What the demo shows: one exchange seen from every side, a call without security, and the metrics. */

import type { Backend, Call } from './backend.ts';
import { SOAP11 } from './names.ts';
import { bold, dim, green, line, red, section, xml } from './show.ts';

export interface Where {
  /** Where Envoy listens. */
  readonly url: string;
  readonly metricsUrl: string;
}

const ACTION = 'urn:example:shop/PlaceOrder';
export const ORDER =
  `<soap:Envelope xmlns:soap="${SOAP11}"><soap:Body><s:PlaceOrder xmlns:s="urn:example:shop">` +
  '<s:Customer>4711</s:Customer><s:Line sku="tea" quantity="2"/><s:Line sku="cups" quantity="6"/>' +
  '</s:PlaceOrder></soap:Body></soap:Envelope>';

export function curlCommand(url: string): string {
  return `curl -sS ${url} -H 'Content-Type: text/xml; charset=utf-8' -H 'SOAPAction: "${ACTION}"' -d '${ORDER}'`;
}

/** @throws Error when anything does not come out as it should */
export async function showExchange({ url, metricsUrl }: Where, backend: Backend): Promise<void> {
  section('1. What the client sent to Envoy: a plain SOAP request');
  line(dim(`  POST ${url}`));
  xml(ORDER);
  const answer = await call(url);
  const received = lastCall(backend);

  section('2. What the backend received: signed, encrypted and timestamped');
  xml(received.received);
  section('3. What the backend made of it (xml-crypto and xml-encryption, not Waxseal)');
  if (!received.opened) throw new Error(`the backend refused the message: ${received.refused ?? ''}`);
  line(`  ${green('accepted')}   signed: ${received.opened.signed.join(', ')}; by ${received.opened.signer.subject}`);
  line('  decrypted Body:');
  xml(received.opened.body);

  section('4. What the client got: the answer, verified, decrypted and plain');
  line(dim(`  HTTP ${answer.status}`));
  xml(answer.text);
  if (answer.status !== 200 || !answer.text.includes('PlaceOrderResponse')) throw new Error('this is not the answer');

  section('5. The same request straight to the backend, without security');
  const direct = await call(`http://127.0.0.1:${backend.port}/orders`);
  line(dim(`  HTTP ${direct.status}`) + `  ${red('refused')}: ${lastCall(backend).refused ?? ''}`);
  xml(direct.text);
  if (direct.status === 200) throw new Error('the backend took a message without security');

  section('6. A broken request through Envoy: refused, and the backend never sees it');
  const before = backend.total();
  const broken = await call(url, ORDER.slice(0, -20));
  line(dim(`  HTTP ${broken.status}`));
  xml(broken.text);
  if (broken.status !== 400 || backend.total() !== before) throw new Error('a broken request was not refused');

  section('7. Metrics of the ext_proc service');
  await showMetrics(metricsUrl);
  line(`\n${bold(green('Everything came out as it should.'))}`);
}

function lastCall(backend: Backend): Call {
  const last = backend.calls.at(-1);
  if (!last) throw new Error('the request never reached the backend');
  return last;
}

export async function showMetrics(metricsUrl: string): Promise<void> {
  for (const metric of (await (await fetch(metricsUrl)).text()).split('\n')) {
    if (/^waxseal_/.test(metric) && !/_bucket|_created|\s0$/.test(metric)) line(`  ${metric}`);
  }
}

export async function call(url: string, body = ORDER): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${ACTION}"` };
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}
