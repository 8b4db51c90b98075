using SeamlessReboot.Benchmarks;

switch (args)
{
    case ["steady", ..]:
        return await Steady.RunAsync();
    case ["pause", ..]:
        return await Pause.RunAsync();
    case ["checkpoints", ..]:
        return await Checkpoints.RunAsync();
    case ["bare-server"]:
        return await BareServer.RunAsync();
    default:
        Console.Error.WriteLine("usage: steady | pause | checkpoints");
        return 2;
}
