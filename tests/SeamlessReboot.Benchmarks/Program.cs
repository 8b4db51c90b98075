using SeamlessReboot.Benchmarks;

switch (args)
{
    case ["steady", ..]:
        return await Steady.RunAsync();
    case ["pause", ..]:
        return await Pause.RunAsync();
    case ["checkpoints", ..]:
        return await Checkpoints.RunAsync();
    case ["deaths", ..]:
        return await Deaths.RunAsync();
    case ["bare-server"]:
        return await BareServer.RunAsync();
    default:
        Console.Error.WriteLine("usage: steady | pause | checkpoints | deaths");
        return 2;
}
