// What `helm test` runs: asks each address until it answers 200. Arguments: seconds to try, addresses.
const [, seconds, ...urls] = process.argv;
const deadline = Date.now() + Number(seconds) * 1000;
for (const url of urls) {
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      async (response) => `${response.status} ${await response.text()}`,
      (error) => `${error.message}: ${error.cause?.message ?? ''}`,
    );
    console.log(url, answer);
    if (answer.startsWith('200 ')) break;
    if (Date.now() > deadline) process.exit(1);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
