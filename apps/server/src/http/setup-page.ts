/**
 * What the page does. The token of the one-time link stands behind the `#`, which no browser sends and no log sees.
 */
export const setupScript = `
const form = document.querySelector("form");
const note = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(form));
  const json = { setupToken: location.hash.slice(1), username, password };
  try {
    const response = await fetch("/trpc/auth.createFirstAdmin", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ json }),
    });
    const body = await response.json();
    if (response.ok) {
      form.remove();
      history.replaceState(null, "", "/setup");
      note.textContent = "Done. " + username + " is the administrator now.";
    } else {
      note.textContent = body.error.json.message;
    }
  } catch {
    note.textContent = "The server could not be reached.";
  }
});
`;

/** The page behind the one-time link that makes the first administrator. */
export const setupPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llm-backend: first administrator</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; color: #1c2024; background: #fff; }
label { display: block; margin: 1rem 0; } input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: 0.5rem; }
button { font: inherit; padding: 0.5rem 1rem; } output { display: block; margin-top: 1rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #16181a; } }
</style>
</head>
<body>
<h1>First administrator</h1>
<form>
<label>User name <input name="username" autocomplete="username" maxlength="64" required></label>
<label>Password, 8 characters or more <input name="password" type="password" autocomplete="new-password" minlength="8" required></label>
<button>Create</button>
</form>
<output role="status"></output>
<script>${setupScript}</script>
</body>
</html>
`;
