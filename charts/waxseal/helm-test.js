// What `helm test` runs: asks each address (arguments 2 and on) until it answers 200, for up to a minute.
const deadline = Date.now() + 60_000;
for (const url of process.argv.slice(2)) {
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      async (response) => `${response.status} ${await response.text()}`,
      (error) => `${error.message}: ${error.cause?.message ?? ''}`,
    );
    console.log(url, answer);
    if (answer.startsWith('200 ')) break;
    if (Date.now() > deadline) process.exit(1);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
