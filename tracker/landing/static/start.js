  page.start();
})();
