/** What the demo shows with issued tokens: one message from every side, a second one, one without a token, the metrics. */

import { bold, dim, green, line, red, section, xml } from './show.ts';
import { tokenManifests, type TokenBackend } from './token-service.ts';
import { ORDER, call, showMetrics, type Where } from './tour.ts';

/** @throws Error when anything does not come out as it should */
export async function showTokens({ url, metricsUrl }: Where, backend: TokenBackend): Promise<void> {
  const { cxf } = backend;
  section('1. The token service and the policy');
  line(tokenManifests(cxf).trimEnd().replace(/^/gm, '  '));
  section('2. What the client sent to Envoy: a plain SOAP request');
  line(dim(`  POST ${url}`));
  xml(ORDER);
  const answer = await call(url);

  section('3. What the service received: a token from the token service, and a signature by the key it was issued for');
  xml(backend.received() ?? '');
  section('4. What the client got: Apache CXF accepted it, and knows who is asking');
  line(dim(`  HTTP ${answer.status}`));
  xml(answer.text);
  if (answer.status !== 200 || !answer.text.includes('Receipt')) throw new Error('this is not the answer');

  section('5. Ten more requests: the token is still good, so nobody is asked for one');
  for (let i = 0; i < 10; i++) if ((await call(url)).status !== 200) throw new Error('a request was refused');
  const { Issue, accepted } = await cxf.counts();
  line(`  ${green('accepted')}   ${accepted} messages with ${Issue} token`);
  if (Issue !== 1 || accepted !== 11) throw new Error(`${Issue} tokens were asked for, ${accepted} messages accepted`);

  section('6. The same request straight to the service, without a token');
  const direct = await call(`http://127.0.0.1:${backend.port}/orders`);
  line(dim(`  HTTP ${direct.status}`) + `  ${red('refused')}`);
  xml(direct.text);
  if (direct.status === 200) throw new Error('the service took a message without a token');

  section('7. Metrics of the ext_proc service');
  await showMetrics(metricsUrl);
  line(`\n${bold(green('Everything came out as it should.'))}`);
}
