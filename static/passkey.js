// Makes or uses a passkey with what the browser offers. The page works without: an app's code needs no script.
const place = document.getElementById("passkey");
if (place && window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON) {
  const said = place.querySelector("[role=alert]");
  const button = place.querySelector("button");
  const token = place.querySelector("[name=csrfmiddlewaretoken]").value;
  const send = async (address, data) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(data), credentials: "same-origin" });
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.detail);
    return content;
  };
  const make = async () => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await send(place.dataset.begin, {}));
    const made = await navigator.credentials.create({ publicKey });
    await send(place.dataset.complete, made.toJSON());
    return place.dataset.done;
  };
  const use = async () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await send(place.dataset.begin, {}));
    const signed = await navigator.credentials.get({ publicKey });
    return (await send(place.dataset.complete, signed.toJSON())).redirect_url;
  };
  place.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "";
    try {
      location.assign(await (place.dataset.done ? make() : use()));
    } catch (error) {
      said.textContent = place.dataset.failed;
      button.disabled = false;
    }
  });
}
