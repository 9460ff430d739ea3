(function () {
  var token = location.hash.slice(1);
  if (!token) return;
  document.getElementById("token").value = token;
  document.getElementById("by-hand").hidden = true;
  history.replaceState(null, "", location.pathname);
})();
