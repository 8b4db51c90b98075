using SeamlessReboot.Benchmarks;

switch (args)
{
    case ["steady", ..]:
        return await Steady.RunAsync();
    case ["pause", ..]:
        return await Pause.RunAsync();
    case ["bare-server"]:
        return await BareServer.RunAsync();
    default:
        Console.Error.WriteLine("usage: steady | pause");
        return 2;
}
