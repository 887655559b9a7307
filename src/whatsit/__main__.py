from whatsit.cli import main

main()
